use super::*;

#[test]
fn every_fault_deviates_and_no_two_alike() {
    let mut seen = vec![RuleBook::default()];
    for fault in FaultName::ALL {
        let rows = rows().filter(|(name, _)| name == fault);
        assert_eq!(rows.count(), 1, "{fault}");
        let book = rule_book(*fault);
        assert!(!seen.contains(&book), "{fault}");
        seen.push(book);
    }
}
