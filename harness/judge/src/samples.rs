//! Made-up runs for tests.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::capabilities::Facility;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::{Area, Catalogue, Level, Needs, Requirement, RequirementId};

use crate::outcome::{CaseResult, CheckResult, CouldNotRun, Mismatch, NotApplicable, Outcome};

pub(crate) fn requirement(id: &str, level: Level) -> Requirement {
    Requirement {
        id: RequirementId(id.to_owned()),
        level,
        title: "a title".to_owned(),
        source: vec!["S0".to_owned()],
        says: "a sentence".to_owned(),
        needs: Needs::default(),
        editions: BTreeSet::new(),
        judged_by: None,
        excluded: None,
        allowed: BTreeMap::new(),
        dispute: None,
    }
}

/// Makes a catalogue: are musts, A-3 is a should; A-4 is a must that another command judges, A-5 is excluded.
pub(crate) fn catalogue() -> Catalogue {
    let mut requirements = vec![
        requirement("A-1", Level::Must),
        requirement("A-2", Level::Must),
        requirement("A-3", Level::Should),
        requirement("A-4", Level::Must),
        requirement("A-5", Level::Must),
    ];
    requirements[3].judged_by = Some("matrix".to_owned());
    requirements[4].excluded = Some("advice".to_owned());
    let area = Area {
        id: "A".to_owned(),
        title: "An area".to_owned(),
    };
    Catalogue {
        areas: vec![area],
        requirements,
    }
}

pub(crate) fn check(slug: &str, outcome: Outcome) -> CheckResult {
    CheckResult {
        requirement: RequirementId(slug.split('/').next().unwrap_or_default().to_owned()),
        slug: slug.to_owned(),
        outcome,
        file: "scenarios/a.toml".to_owned(),
        line: 1,
        expect_line: 2,
        command: "signIn".to_owned(),
        control_difference: None,
        exchanges: Vec::new(),
    }
}

pub(crate) fn case(checks: Vec<CheckResult>) -> CaseResult {
    CaseResult {
        id: "a[2019-02-13]".to_owned(),
        file: "scenarios/a.toml".to_owned(),
        title: "a story".to_owned(),
        edition: Edition::default(),
        checks,
        transcript: String::new(),
        trace: Vec::new(),
        wall_ms: 0,
        internal_error: None,
        secrets: BTreeSet::new(),
    }
}

pub(crate) fn failed() -> Outcome {
    let mismatch = Mismatch {
        path: "state".to_owned(),
        expected: "a".into(),
        actual: None,
    };
    Outcome::Failed(vec![mismatch])
}

pub(crate) fn unable() -> Outcome {
    Outcome::CouldNotRun(CouldNotRun::MissingFacilities([Facility::Clock].into()))
}

pub(crate) fn not_reached() -> Outcome {
    Outcome::CouldNotRun(CouldNotRun::NotReached("deadline".to_owned()))
}

pub(crate) fn absent() -> Outcome {
    Outcome::NotApplicable(NotApplicable::Edition(Edition::E20180725))
}
