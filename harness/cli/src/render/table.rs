//! Tables.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use proofup_judge::verdict::{RequirementCounts, Verdict};

/// Lays rows out under their headings, without lines.
pub(crate) fn plain<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = bare();
    table.set_header(headings);
    table.add_rows(rows);
    trimmed(&table)
}

/// Lays out the counts per area, with their sum.
pub(crate) fn areas(verdict: &Verdict<'_>) -> String {
    let warnings = verdict.totals.warning > 0;
    let mut table = bare();
    let mut headings = vec![
        "area",
        "passed",
        "failed",
        "not applicable",
        "could not run",
        "exempted",
        "not exercised",
    ];
    if warnings {
        headings.insert(3, "warning");
    }
    let columns = headings.len();
    table.set_header(headings);
    for area in &verdict.areas {
        table.add_row(row(
            &format!("{} {}", area.id, area.title),
            area.counts,
            warnings,
        ));
    }
    table.add_row(row("all", verdict.totals, warnings));
    for column in 1..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    trimmed(&table)
}

fn row(name: &str, counts: RequirementCounts, warnings: bool) -> Vec<String> {
    let RequirementCounts {
        passed,
        failed,
        warning,
        not_applicable,
        could_not_run,
        exempted,
        not_exercised,
    } = counts;
    let mut numbers = vec![
        passed,
        failed,
        not_applicable,
        could_not_run,
        exempted,
        not_exercised,
    ];
    if warnings {
        numbers.insert(2, warning);
    }
    let shown = |number: usize| {
        if number == 0 {
            "·".to_owned()
        } else {
            number.to_string()
        }
    };
    std::iter::once(name.to_owned())
        .chain(numbers.into_iter().map(shown))
        .collect()
}

/// Makes a table whose width no terminal changes, so that it is the same in a file.
fn bare() -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn trimmed(table: &Table) -> String {
    let text = table.to_string();
    text.lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line).trim_end()))
        .collect()
}
