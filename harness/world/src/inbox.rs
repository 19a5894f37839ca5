//! Looking into inboxes, and answering calls.

use std::sync::Arc;
use std::time::Duration;

use proofup_binding::Value;
use proofup_domain::answer::{Answer, InboxAnswer};
use proofup_domain::command::{AddressRef, CallbackSecret, Command, Name, PhoneRef};
use proofup_domain::state::Channel;
use proofup_gateways::message::{CallInfo, Message};
use proofup_gateways::people::handset::SecretChoice;

use super::person::apps::call_back;
use super::request::Request;
use super::{StepError, World};

impl World<'_> {
    /// Returns what came to an inbox since it was last looked into.
    pub(super) async fn read_inbox(
        &mut self,
        user: &Name,
        channel: Channel,
        address: Option<&AddressRef>,
        phone: Option<&PhoneRef>,
    ) -> Result<Answer, StepError> {
        let person = self.person(user)?;
        let destinations = match channel {
            Channel::Email => vec![person.persona.address(address.unwrap_or(&AddressRef::Own))],
            Channel::Sms | Channel::Voice => {
                vec![
                    person
                        .persona
                        .phone(phone.unwrap_or(&PhoneRef::Mobile))
                        .e164,
                ]
            }
            Channel::Push => {
                let devices = person.devices.iter();
                devices.map(|device| device.push_token.clone()).collect()
            }
        };
        let settle = self.context.session.target.settle();
        let mut messages: Vec<Arc<Message>> = Vec::new();
        for destination in destinations {
            let since = self
                .looked
                .get(&(channel, destination.clone()))
                .copied()
                .unwrap_or(self.begun);
            let inboxes = self.gateways.inboxes();
            let settle = if self.settled { Duration::ZERO } else { settle };
            let none = inboxes.wait(since, channel, &destination, settle).await;
            self.settled |= none.is_err();
            messages.extend(inboxes.since(since, channel, &destination));
            self.looked.insert((channel, destination), inboxes.cursor());
        }
        let answer = self.describe(user, &messages)?;
        Ok(Answer::of(&answer))
    }

    fn describe(&self, user: &Name, messages: &[Arc<Message>]) -> Result<InboxAnswer, StepError> {
        let count = u32::try_from(messages.len()).ok();
        let Some(newest) = messages.last() else {
            return Ok(InboxAnswer {
                count,
                ..InboxAnswer::default()
            });
        };
        let to = if newest.channel == Channel::Push {
            "device".to_owned()
        } else {
            self.person(user)?
                .persona
                .role_of(&newest.destination)
                .map_or_else(|| newest.destination.clone(), str::to_owned)
        };
        let organisation = &self.organisation.display_name;
        Ok(InboxAnswer {
            count,
            to: Some(to),
            e164: Some(newest.destination_is_e164()),
            names_organisation: Some(newest.names(organisation)),
            has_code: Some(
                newest
                    .code(self.context.session.target.code_pattern(newest.channel))
                    .is_some(),
            ),
            asks_for_pound: Some(newest.asks_for_pound()),
        })
    }

    /// Makes the request by which the provider tells what a person does with a ringing phone.
    ///
    /// It goes to the URL that the call named.
    pub(super) fn handset_request(&mut self, command: &Command) -> Result<Request, StepError> {
        let right = CallbackSecret::Right;
        let (user, which, secret) = match command {
            Command::PressKey {
                user, call, secret, ..
            } => (user, *call, *secret),
            Command::HangUp { user, call } | Command::LetRing { user, call } => {
                (user, *call, right)
            }
            _ => return Err(StepError::unready("no handset does this")),
        };
        let message = self.nth_newest(self.calls(user), which, "call", user)?;
        let call = message
            .call
            .as_ref()
            .ok_or_else(|| StepError::unready("the call names nowhere to call back"))?;
        let choice = self.secret_choice(user, call, secret)?;
        let request = call_back(command, call, &choice).map_err(StepError::Unready)?;
        let secrets = self.secrets.iter().cloned().collect();
        Ok(Request::Callback {
            request: Box::new(request),
            secrets,
        })
    }

    fn secret_choice(
        &mut self,
        user: &Name,
        call: &CallInfo,
        secret: CallbackSecret,
    ) -> Result<SecretChoice, StepError> {
        if let Some(secret) = &call.secret {
            self.secrets.insert(secret.clone());
        }
        if secret == CallbackSecret::Right {
            return Ok(SecretChoice::Right);
        }
        if secret == CallbackSecret::OfAnother {
            let mut calls = self.calls(user).into_iter().rev();
            let other = calls.find_map(|message| {
                let other = message.call.as_ref()?;
                let is_other = other.call_id != call.call_id;
                other.secret.clone().filter(|_| is_other)
            });
            let other = other.ok_or_else(|| StepError::unready("nobody else called the user"))?;
            self.secrets.insert(other.clone());
            return Ok(SecretChoice::Other(other));
        }
        Ok(match self.callback_secret(user, secret, None)? {
            Some(Value::Secret(other)) => SecretChoice::Other(other),
            Some(Value::Plain(_) | Value::Jar(_)) | None => SecretChoice::None,
        })
    }

    /// Lists the calls that reached any number of the user, oldest first.
    fn calls(&self, user: &Name) -> Vec<Arc<Message>> {
        let inboxes = self.gateways.inboxes();
        let mut numbers: Vec<&str> = self
            .handles
            .iter()
            .filter(|handle| handle.owner == *user)
            .filter_map(|handle| handle.destination.as_ref())
            .filter(|(channel, _)| *channel == Channel::Voice)
            .map(|(_, number)| number.as_str())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut calls: Vec<Arc<Message>> = numbers
            .into_iter()
            .flat_map(|number| inboxes.since(self.opened, Channel::Voice, number))
            .collect();
        calls.sort_by_key(|call| call.seq);
        calls.dedup_by_key(|call| call.seq);
        calls
    }
}
