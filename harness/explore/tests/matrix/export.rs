//! The exported decision table.

use proofup_explore::matrix::combination::Combination;
use proofup_explore::matrix::export::{described, table};
use sha2::{Digest as _, Sha256};

#[test]
fn the_table_is_the_one_that_was_reviewed() {
    let table = table(&Combination::all(), 2);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 1 + 65_536);
    assert!(table.ends_with('\n'));
    assert!(lines[1..].is_sorted_by(|one, next| one.as_bytes() < next.as_bytes()));
    let hash: String = Sha256::digest(&table)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let every_five_thousandth = lines.iter().skip(1).step_by(5_003);
    let told: Vec<&str> = lines[..8]
        .iter()
        .chain(every_five_thousandth)
        .copied()
        .collect();
    insta::with_settings!({ snapshot_path => "../../../../snapshots/matrix", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("table", format!("{}\nsha256 {hash}", told.join("\n")));
    });
}

#[test]
fn the_table_is_the_same_whoever_works_it_out() {
    let some: Vec<Combination> = Combination::all().into_iter().step_by(501).collect();
    assert_eq!(table(&some, 1), table(&some, 7));
    assert_eq!(table(&[], 3).lines().count(), 1);
}

#[test]
fn a_combination_is_told_with_the_names_of_its_fields() {
    assert_eq!(
        described(Combination::new(0x1801)),
        "twoStepKinds=appNotification twoStepRegistrationRequired=true resetEnabled=false resetMethods=- \
         methodsRequired=1 resetRegistrationRequired=false codeWithNotification=false role=administrator"
    );
}

#[test]
fn the_lines_are_spelt_as_the_columns_say() {
    let line = |number: u16| {
        let table = table(&[Combination::new(number)], 2);
        table.lines().nth(1).map(str::to_owned)
    };
    assert_eq!(
        line(0).as_deref(),
        Some("-,false,false,-,1,false,false,member,valid,-,-")
    );
    // A second step must be registered and no kind is allowed.
    assert_eq!(
        line(0b0000_1000_0000_0000).as_deref(),
        Some("-,true,false,-,1,false,false,member,invalid,,")
    );
    assert_eq!(
        line(u16::MAX).as_deref(),
        Some(
            "appNotification+appCode+textMessage+voiceCall,true,true,\
             appNotification+appCode+email+mobilePhone+officePhone+securityQuestions,2,true,true,administrator,valid,\
             microsoftAuthenticator+softwareOath+mobilePhone+officePhone+email,microsoftAuthenticator+mobilePhone"
        )
    );
}
