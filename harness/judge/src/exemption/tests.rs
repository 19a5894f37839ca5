use super::*;

const TODAY: Date = Date::constant(2026, 6, 1);

fn read(text: &str, complete: bool) -> Result<Exemptions, FileErrors> {
    let slugs = ["DEF-4/last-day", "DEF-4/day-after", "CODE-2/at-end"]
        .map(str::to_owned)
        .into();
    let requirements = ["DEF-4", "DEF-5", "CODE-2"]
        .map(|id| RequirementId(id.to_owned()))
        .into();
    let known = KnownChecks {
        slugs: &slugs,
        complete,
        requirements: &requirements,
    };
    Exemptions::parse("known.toml", text, TODAY, &known)
}

fn problems(text: &str) -> Vec<(usize, String)> {
    let error = read(text, true).expect_err("the file is wrong");
    error
        .problems()
        .iter()
        .map(|problem| (problem.line, problem.message.clone()))
        .collect()
}

#[test]
fn a_check_and_a_requirement_can_be_exempted() {
    let text = "[[exemptions]]\ncheck = \"DEF-4/last-day\"\nreason = \"ticket 12\"\nexpires = 2026-06-02\n\n\
                [[exemptions]]\nrequirement = \"CODE-2\"\nreason = \"ticket 13\"\noutcome = \"couldNotRun\"\n";
    let read = read(text, true).expect("the file is right");
    let names: Vec<_> = read.entries().map(Exemption::name).collect();
    assert_eq!(names, ["DEF-4/last-day", "CODE-2"]);
    assert_eq!(
        read.entries().last().map(|entry| entry.outcome),
        Some(ExemptOutcome::CouldNotRun)
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_line() {
    let text = "[[exemptions]]\nchekc = \"DEF-4/last-day\"\nreason = \"a\"\n\n\
                [[exemptions]]\ncheck = \"DEF-4/last-dya\"\nreason = \" \"\n\n\
                [[exemptions]]\ncheck = \"DEF-4/last-day\"\nreason = \"a\"\nexpires = \"2026-06-01\"\n\n\
                [[exemptions]]\ncheck = \"CODE-2/at-end\"\noutcome = \"passed\"\n";
    let told = problems(text);
    let lines: Vec<_> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 6, 7, 12, 14, 16], "{told:?}");
    assert!(
        told.iter()
            .any(|(_, message)| message == "the exemption expired on 2026-06-01")
    );
    assert!(
        told.iter()
            .any(|(_, message)| message == "unknown key `chekc` in `exemptions`")
    );
}

#[test]
fn what_covers_nothing_is_a_problem() {
    assert_eq!(
        problems("[[exemptions]]\nrequirement = \"DEF-5\"\nreason = \"a\"\n"),
        [(
            2,
            "no check judges `DEF-5`: the exemption covers nothing".to_owned()
        )]
    );
    assert_eq!(
        problems("[[exemptions]]\nrequirement = \"DEF-99\"\nreason = \"a\"\n").len(),
        1
    );
}

#[test]
fn where_only_some_files_were_loaded_other_checks_of_the_catalogue_may_be_named() {
    let text = "[[exemptions]]\ncheck = \"DEF-5/elsewhere\"\nreason = \"a\"\n";
    assert!(read(text, false).is_ok());
    assert!(read(text, true).is_err());
    assert!(
        read(
            "[[exemptions]]\ncheck = \"DEF-99/elsewhere\"\nreason = \"a\"\n",
            false
        )
        .is_err()
    );
}

#[test]
fn broken_toml_and_wrong_types_are_problems_and_never_panics() {
    for text in [
        "[[exemptions]",
        "exemptions = 3",
        "exemptions = [3]",
        "[[exemptions]]\ncheck = 3\nreason = 4\nexpires = true",
        "\u{0}",
    ] {
        assert!(!problems(text).is_empty(), "{text}");
    }
}

#[test]
fn a_check_is_exempted_once() {
    let entry = "[[exemptions]]\ncheck = \"DEF-4/last-day\"\nreason = \"a\"\n";
    assert_eq!(
        problems(&format!("{entry}{entry}")),
        [(4, "`DEF-4/last-day` is exempted twice".to_owned())]
    );
}
