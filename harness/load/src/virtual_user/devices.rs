//! What a user does with a phone in their hand: answer a call, scan a code, activate an app, approve a notification.

use std::collections::BTreeMap;

use proofup_binding::{Operation, Value};
use proofup_domain::answer::Answer;
use proofup_domain::command::{AddBy, CallbackSecret, Command};
use proofup_domain::secret::Secret;
use proofup_gateways::people::handset::SecretChoice;
use proofup_world::handles::HandleKind;
use proofup_world::operation_of;
use proofup_world::person::apps::{DeviceActivation, add_account, call_back};

use super::{FlowError, VirtualUser};

impl VirtualUser {
    /// Lets a command happen and tells what came back.
    pub(super) async fn perform(&mut self, command: &Command) -> Result<Answer, FlowError> {
        match command {
            Command::AddAccount { by, .. } => self.add_account(*by),
            Command::ActivateDevice { by, .. } => self.activate_device(*by).await,
            Command::ApproveNotification { secret, .. } => self.reply("approve", *secret).await,
            Command::DenyNotification { secret, .. } => self.reply("deny", *secret).await,
            Command::PressKey { secret, .. } => self.answer_call(command, *secret).await,
            Command::HangUp { .. } | Command::LetRing { .. } => {
                self.answer_call(command, CallbackSecret::Right).await
            }
            _ => {
                let operation = operation_of(command).ok_or_else(|| {
                    FlowError::Unready(format!("no target performs `{}`", command.word()))
                })?;
                if self.context.is_custom {
                    self.ask_custom(operation, command).await
                } else {
                    self.ask(operation, command).await
                }
            }
        }
    }

    /// Returns what the setup at hand showed, and the index of its handle where there is one.
    fn shown(&self, payload: &str, by: AddBy) -> (&BTreeMap<String, Value>, usize, AddBy) {
        let user = &self.person.persona.name;
        let setup = self.handles.find(HandleKind::Enrollment, user, None);
        let kept = setup.map_or(&self.offered.0, |index| &self.handles.get(index).kept);
        // Where there is nothing to scan, people type.
        let by = if kept.contains_key(payload) {
            by
        } else {
            AddBy::Manual
        };
        (kept, setup.unwrap_or_default(), by)
    }

    /// Adds the account to an authenticator.
    fn add_account(&mut self, by: AddBy) -> Result<Answer, FlowError> {
        let (kept, setup, by) = self.shown("qrPayload", by);
        let added = add_account(kept, setup, by, &self.person.persona.name.0);
        let Some((account, answer)) = added.map_err(FlowError::Unready)? else {
            return Ok(Answer::Unreadable);
        };
        // People of a load run have one phone: what is added takes the place of what was there.
        self.person.accounts = vec![account];
        Ok(Answer::of(&answer))
    }

    /// Activates the device with what the setup shows.
    async fn activate_device(&mut self, by: AddBy) -> Result<Answer, FlowError> {
        let (kept, setup, by) = self.shown("qrPayload", by);
        let read = DeviceActivation::read(kept, by).map_err(FlowError::Unready)?;
        let Some(activation) = read else {
            return Ok(Answer::Unreadable);
        };
        let offered = activation.offered(&self.push_token);
        let (mut performed, kept) = self.ask_plainly(Operation::ActivateDevice, offered).await?;
        if !performed.is_success() {
            return Ok(performed);
        }
        let completed = activation.complete(&kept, self.push_token.clone(), setup);
        let (device, account, answer) = completed.map_err(FlowError::Unready)?;
        self.person.devices = vec![device];
        if let Some(account) = account {
            self.person.accounts = vec![account];
        }
        performed.tell(&answer);
        Ok(performed)
    }

    /// Replies to the notification that came last.
    async fn reply(&mut self, reply: &str, secret: CallbackSecret) -> Result<Answer, FlowError> {
        let missing = |what: &str| FlowError::Unready(what.to_owned());
        let message = self.message.as_ref();
        let push = message.and_then(|message| message.push.as_ref());
        let push = push.ok_or_else(|| missing("no notification came"))?;
        let device = self.person.devices.last();
        let device = device.ok_or_else(|| missing("no device was activated"))?;
        let carried = match secret {
            CallbackSecret::Right => device.secret.clone(),
            CallbackSecret::None => None,
            _ => return Err(missing("users of a load run have no other secret")),
        };
        let offered = device.reply(&push.notification_id, carried, reply);
        let (performed, _) = self
            .ask_plainly(Operation::ReplyToNotification, offered)
            .await?;
        Ok(performed)
    }

    /// Does what a command says with the call that came last.
    async fn answer_call(
        &mut self,
        command: &Command,
        secret: CallbackSecret,
    ) -> Result<Answer, FlowError> {
        let message = self.message.as_ref();
        let call = message.and_then(|message| message.call.as_ref());
        let call = call.ok_or_else(|| FlowError::Unready("nobody called".to_owned()))?;
        let choice = match secret {
            CallbackSecret::Right => SecretChoice::Right,
            CallbackSecret::None => SecretChoice::None,
            _ => {
                let why = "users of a load run have no other secret";
                return Err(FlowError::Unready(why.to_owned()));
            }
        };
        let secrets: Vec<Secret> = call.secret.iter().cloned().collect();
        let request = call_back(command, call, &choice).map_err(FlowError::Unready)?;
        self.operation = None;
        self.was_over_lane = false;
        let target = std::sync::Arc::clone(&self.context.session.target);
        let reply = target.callback(&self.transport, request, &secrets).await;
        reply
            .map(|reply| reply.answered)
            .map_err(|failure| FlowError::Transport(failure.error))
    }
}
