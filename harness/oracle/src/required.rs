//! What a user must register, and what the wizard's page offers for it (`domain.md` §5).

use enumset::EnumSet;
use proofup_domain::edition::Edition;
use proofup_domain::method::{Gate, Method};
use proofup_domain::policy::Policy;

use crate::available;
use crate::usable;
use crate::user::{Registered, User};

/// Where one obligation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obligation {
    /// Policy asks for nothing.
    Absent,
    /// What is registered meets it.
    Met,
    /// It binds: something available would meet it.
    Unmet,
    /// Neither what is registered nor what is available meets it, so it does not bind.
    Unmeetable,
}

/// Where both obligations stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obligations {
    /// One method usable for two-step verification.
    pub two_step: Obligation,
    /// As many gates as a reset asks for.
    pub reset: Obligation,
}

impl Obligations {
    /// Returns whether required info is missing: the sign-in is interrupted (SIGN-2, SIGN-3).
    #[must_use]
    pub fn interrupt(self) -> bool {
        self.two_step == Obligation::Unmet || self.reset == Obligation::Unmet
    }
}

/// Works out where the obligations of a user stand.
#[must_use]
pub fn obligations(policy: &Policy, user: &User) -> Obligations {
    let available = available::set(policy, user);
    Obligations {
        two_step: two_step_obligation(policy, user, available),
        reset: reset_obligation(policy, user, available),
    }
}

fn two_step_obligation(policy: &Policy, user: &User, available: EnumSet<Method>) -> Obligation {
    if !(policy.two_step.registration_required || policy.two_step.required_at_sign_in) {
        Obligation::Absent
    } else if usable::has_second_step(policy, user) {
        Obligation::Met
    } else if available
        .into_iter()
        .any(|method| proves_second_step(policy, method))
    {
        Obligation::Unmet
    } else {
        Obligation::Unmeetable
    }
}

fn reset_obligation(policy: &Policy, user: &User, available: EnumSet<Method>) -> Obligation {
    if !(policy.reset.enabled && policy.reset.registration_required) {
        return Obligation::Absent;
    }
    let needed = usable::gates(policy, user.role);
    let held = usable::registered_gates(policy, user);
    if usable::are_enough(held, needed) {
        return Obligation::Met;
    }
    let new: EnumSet<Gate> = available
        .into_iter()
        .filter_map(|method| passes(policy, user, method))
        .collect();
    if usable::are_enough(held | new, needed) {
        Obligation::Unmet
    } else {
        Obligation::Unmeetable
    }
}

/// Returns whether a method, newly registered, would prove a second step.
fn proves_second_step(policy: &Policy, method: Method) -> bool {
    !usable::two_step_kinds(policy, &Registered::new(0, method)).is_empty()
}

/// Returns the gate that a method, newly registered, would pass.
fn passes(policy: &Policy, user: &User, method: Method) -> Option<Gate> {
    let kinds = usable::reset_kinds(policy, user.role, &Registered::new(0, method));
    (!kinds.is_empty()).then(|| usable::gate(method))
}

/// Returns what a user must register still, in the order in which the wizard of 2019 asks for it.
///
/// The smallest set of available methods that meets the obligations that bind, together with what is registered; among
/// sets of that size the strongest, compared by rank in order (WIZ-1, WIZ-2, WIZ-7, WIZ-8). Empty: nothing is required.
#[must_use]
pub fn required(policy: &Policy, user: &User) -> Vec<Method> {
    let obligations = obligations(policy, user);
    if !obligations.interrupt() {
        return Vec::new();
    }
    let asked = BindingObligations::of(policy, user, obligations);
    subsets(available::set(policy, user))
        .filter(|set| asked.is_met_by(*set))
        .min_by(|one, other| {
            let by_size = one.len().cmp(&other.len());
            by_size.then_with(|| one.into_iter().cmp(*other))
        })
        .map(|set| set.into_iter().collect())
        .unwrap_or_default()
}

/// What the obligations that bind ask for, worked out once for all sets.
struct BindingObligations {
    two_step: bool,
    reset: bool,
    /// The methods that would prove a second step.
    provers: EnumSet<Method>,
    /// The methods that would pass a gate.
    passers: EnumSet<Method>,
    held: EnumSet<Gate>,
    gates: u32,
}

impl BindingObligations {
    fn of(policy: &Policy, user: &User, obligations: Obligations) -> Self {
        let all = Method::ALL.iter().copied();
        Self {
            two_step: obligations.two_step == Obligation::Unmet,
            reset: obligations.reset == Obligation::Unmet,
            provers: all
                .clone()
                .filter(|method| proves_second_step(policy, *method))
                .collect(),
            passers: all
                .filter(|method| passes(policy, user, *method).is_some())
                .collect(),
            held: usable::registered_gates(policy, user),
            gates: usable::gates(policy, user.role),
        }
    }

    /// Returns whether a set of methods, added to what is registered, meets the obligations that bind.
    fn is_met_by(&self, set: EnumSet<Method>) -> bool {
        let two_step = !self.two_step || !set.is_disjoint(self.provers);
        let reset = !self.reset || {
            let passing = set & self.passers;
            let gates: EnumSet<Gate> = passing.iter().map(usable::gate).collect();
            usable::are_enough(gates | self.held, self.gates)
        };
        two_step && reset
    }
}

/// Lists every subset.
fn subsets(methods: EnumSet<Method>) -> impl Iterator<Item = EnumSet<Method>> {
    // Counting to two to the sixth: six methods at most.
    (0..1_u32 << methods.len()).map(move |number| {
        let chosen = methods.into_iter().enumerate();
        chosen
            .filter(|(place, _)| number & (1 << place) != 0)
            .map(|(_, method)| method)
            .collect()
    })
}

/// Lists the available methods that help, by rank.
///
/// A method helps if it proves a second step while that obligation is unmet, or adds a new gate while the reset
/// obligation is. An obligation that does not bind is not there to be helped.
#[must_use]
pub fn helping(policy: &Policy, user: &User) -> Vec<Method> {
    let obligations = obligations(policy, user);
    let held = usable::registered_gates(policy, user);
    available::set(policy, user)
        .into_iter()
        .filter(|method| {
            let second_step =
                obligations.two_step == Obligation::Unmet && proves_second_step(policy, *method);
            let new_gate = obligations.reset == Obligation::Unmet
                && passes(policy, user, *method).is_some_and(|gate| !held.contains(gate));
            second_step || new_gate
        })
        .collect()
}

/// What the wizard's page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Edition 2019: one method is asked for.
    Method {
        /// The method asked for: the first of [`required`].
        proposed: Method,
        /// What may be set up instead, by rank.
        alternatives: Vec<Method>,
        /// "I want to use a different authenticator app" is there (WIZ-3).
        different_app: bool,
        /// "I want to set up a different method" is there (WIZ-4).
        different_method: bool,
    },
    /// Editions of 2018: every method that helps, by rank; the user picks (WIZ-12).
    List(Vec<Method>),
    /// The obligations that bind are met; "done" completes the sign-in (WIZ-5).
    Success,
}

impl Page {
    /// Lists what can be begun from the page; while interrupted nothing else can.
    #[must_use]
    pub fn offers(&self) -> EnumSet<Method> {
        match self {
            Self::Method {
                proposed,
                alternatives,
                ..
            } => alternatives.iter().copied().chain([*proposed]).collect(),
            Self::List(methods) => methods.iter().copied().collect(),
            Self::Success => EnumSet::empty(),
        }
    }
}

/// Works out the wizard's page.
#[must_use]
pub fn page(policy: &Policy, user: &User) -> Page {
    let required = required(policy, user);
    let Some(proposed) = required.first().copied() else {
        return Page::Success;
    };
    let helping = helping(policy, user);
    if policy.edition != Edition::E20190213 {
        return Page::List(helping);
    }
    let others = helping.into_iter().filter(|method| *method != proposed);
    let alternatives: Vec<Method> = if policy.choice.different_method {
        others.collect()
    } else {
        others
            .filter(|method| is_different_app(proposed, *method))
            .collect()
    };
    Page::Method {
        proposed,
        different_app: alternatives
            .iter()
            .any(|method| is_different_app(proposed, *method)),
        different_method: policy.choice.different_method && !alternatives.is_empty(),
        alternatives,
    }
}

/// Returns whether a method is "a different authenticator app", which is offered at the step of the Microsoft app.
fn is_different_app(proposed: Method, method: Method) -> bool {
    proposed == Method::MicrosoftAuthenticator && method == Method::SoftwareOath
}

#[cfg(test)]
mod tests {
    use crate::testing::{administrator, member, policy, words};

    use super::*;

    /// The manual's example: a second step and two gates, with app and phone allowed.
    const EXAMPLE: &str = "twoStep.kinds = ['appNotification', 'textMessage', 'voiceCall']\n\
        twoStep.registrationRequired = true\n\
        reset.enabled = true\nreset.registrationRequired = true\nreset.methodsRequired = 2\n\
        reset.methods = ['appNotification', 'mobilePhone']\n";

    #[track_caller]
    fn check_page(text: &str, user: &User, expect: &str) {
        let actual = match page(&policy(text), user) {
            Page::Method {
                proposed,
                alternatives,
                different_app,
                different_method,
            } => format!(
                "{proposed}, or {}{}{}",
                words(alternatives),
                if different_app { " +app" } else { "" },
                if different_method { " +method" } else { "" },
            ),
            Page::List(methods) => format!("list {}", words(methods)),
            Page::Success => "success".to_owned(),
        };
        assert_eq!(actual, expect, "{text}");
    }

    #[test]
    fn the_example_asks_for_the_app_and_then_the_phone() {
        let policy = policy(EXAMPLE);
        let ask = |words_of: &str| words(required(&policy, &member(words_of)));
        assert_eq!(ask(""), "microsoftAuthenticator mobilePhone");
        assert_eq!(ask("microsoftAuthenticator"), "mobilePhone");
        assert_eq!(ask("microsoftAuthenticator mobilePhone"), "");
    }

    #[test]
    fn obligations_stand_where_policy_and_registration_put_them() {
        let text = "twoStep.kinds = ['appCode']\nreset.enabled = true\nreset.methods = ['email']\n";
        let required =
            format!("{text}twoStep.registrationRequired = true\nreset.registrationRequired = true");
        let stand = |text: &str, user: &User| {
            let obligations = obligations(&policy(text), user);
            (obligations.two_step, obligations.reset)
        };
        use Obligation::{Absent, Met, Unmeetable, Unmet};
        assert_eq!(stand(text, &member("")), (Absent, Absent));
        assert_eq!(stand(&required, &member("")), (Unmet, Unmet));
        assert_eq!(stand(&required, &member("softwareOath")), (Met, Unmet));
        assert_eq!(stand(&required, &member("email")), (Unmet, Met));
        assert_eq!(stand(&required, &administrator("")), (Unmet, Unmeetable));
        let five = "softwareOath ".repeat(4) + "microsoftAuthenticator";
        assert_eq!(stand(&required, &member(&five)), (Met, Unmet));
        let five = "microsoftAuthenticator ".repeat(5);
        assert_eq!(stand(&required, &member(&five)), (Unmeetable, Unmet));
        let at_sign_in = format!("{text}twoStep.requiredAtSignIn = true");
        assert_eq!(stand(&at_sign_in, &member("")), (Unmet, Absent));
    }

    #[test]
    fn an_obligation_that_cannot_be_met_does_not_interrupt() {
        let text = "reset.enabled = true\nreset.registrationRequired = true\n\
             reset.methods = ['email']";
        let policy = policy(text);
        assert!(obligations(&policy, &member("")).interrupt());
        assert!(!obligations(&policy, &administrator("")).interrupt());
    }

    #[test]
    fn the_page_of_2019_offers_another_method_only_where_policy_says_so() {
        check_page(EXAMPLE, &member(""), "microsoftAuthenticator, or ");
        let choice = format!("{EXAMPLE}choice.differentMethod = true");
        check_page(
            &choice,
            &member(""),
            "microsoftAuthenticator, or mobilePhone officePhone +method",
        );
        // The office phone serves no purpose that is still unmet.
        check_page(
            &choice,
            &member("microsoftAuthenticator"),
            "mobilePhone, or ",
        );
    }

    #[test]
    fn a_different_app_is_offered_at_the_app_step_where_it_helps() {
        let codes = EXAMPLE.replace("'textMessage'", "'textMessage', 'appCode'");
        check_page(
            &codes,
            &member(""),
            "microsoftAuthenticator, or softwareOath +app",
        );
        check_page(
            &codes,
            &member("microsoftAuthenticator"),
            "mobilePhone, or ",
        );
        let choice = format!("{codes}choice.differentMethod = true");
        check_page(
            &choice,
            &member(""),
            "microsoftAuthenticator, or softwareOath mobilePhone officePhone +app +method",
        );
    }

    #[test]
    fn what_is_taken_instead_changes_the_rest() {
        let choice = format!("{EXAMPLE}choice.differentMethod = true");
        // The phone proves a second step and passes a gate: only the app's gate is left.
        check_page(
            &choice,
            &member("mobilePhone"),
            "microsoftAuthenticator, or ",
        );
        check_page(
            &choice,
            &member("officePhone"),
            "microsoftAuthenticator, or mobilePhone +method",
        );
    }

    #[test]
    fn the_page_of_2018_lists_what_helps() {
        for edition in ["2018-07-25", "2018-07-30"] {
            let text = format!("{EXAMPLE}edition = '{edition}'");
            check_page(
                &text,
                &member(""),
                "list microsoftAuthenticator mobilePhone officePhone",
            );
            check_page(&text, &member("microsoftAuthenticator"), "list mobilePhone");
            check_page(
                &text,
                &member("microsoftAuthenticator mobilePhone"),
                "success",
            );
        }
    }

    #[test]
    fn an_interrupted_session_begins_only_what_the_page_offers() {
        let policy = policy(EXAMPLE);
        let offers = |words_of: &str| words(page(&policy, &member(words_of)).offers());
        assert_eq!(offers(""), "microsoftAuthenticator");
        assert_eq!(offers("microsoftAuthenticator mobilePhone"), "");
    }
}
