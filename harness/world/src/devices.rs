//! Authenticators: what was activated, what was scanned, and the notifications that reach them.

use std::sync::Arc;

use proofup_binding::{Operation, Value};
use proofup_domain::answer::Answer;
use proofup_domain::command::{AddBy, CallbackSecret, Command, Name, Which};
use proofup_domain::state::Channel;
use proofup_gateways::message::Message;

use super::handles::HandleKind;
use super::person::Participant;
use super::person::apps::{Device, DeviceActivation, add_account};
use super::request::Request;
use super::variables::Vars;
use super::{StepError, World};

impl World<'_> {
    /// Does what a person does with an authenticator in their hand.
    pub(super) async fn use_device(&mut self, command: &Command) -> Result<Answer, StepError> {
        match command {
            Command::AddAccount {
                user,
                enrollment,
                by,
            } => self.add_account(user, enrollment.as_ref(), *by),
            Command::ActivateDevice {
                user,
                enrollment,
                by,
            } => self.activate_device(user, enrollment.as_ref(), *by).await,
            _ => Err(StepError::unready("no authenticator does this")),
        }
    }

    /// Adds the account to another authenticator app: nothing leaves the harness.
    fn add_account(
        &mut self,
        user: &Name,
        enrollment: Option<&Name>,
        by: AddBy,
    ) -> Result<Answer, StepError> {
        let index = self.handle(HandleKind::Enrollment, user, enrollment)?;
        let kept = &self.handles.get(index).kept;
        let added = add_account(kept, index, by, &user.0).map_err(StepError::Unready)?;
        let Some((account, answer)) = added else {
            return Ok(Answer::Unreadable);
        };
        self.secrets.insert(account.secret().clone());
        self.holder(user)?.accounts.push(account);
        Ok(Answer::of(&answer))
    }

    /// Activates a device with the Microsoft app.
    async fn activate_device(
        &mut self,
        user: &Name,
        enrollment: Option<&Name>,
        by: AddBy,
    ) -> Result<Answer, StepError> {
        let index = self.handle(HandleKind::Enrollment, user, enrollment)?;
        let kept = &self.handles.get(index).kept;
        let read = DeviceActivation::read(kept, by).map_err(StepError::Unready)?;
        let Some(activation) = read else {
            return Ok(Answer::Unreadable);
        };
        let devices = self.people.values().map(|person| person.devices.len());
        let push_token = format!(
            "{}-device-{}",
            self.organisation.tenant,
            devices.sum::<usize>() + 1
        );
        let mut vars = Vars::default();
        vars.all(activation.offered(&push_token));
        let (mut performed, kept) = self.call(Operation::ActivateDevice, vars, None).await?;
        if !performed.is_success() {
            return Ok(performed);
        }
        let completed = activation.complete(&kept, push_token, index);
        let (device, account, answer) = completed.map_err(StepError::Unready)?;
        let holder = self.holder(user)?;
        holder.devices.push(device);
        holder.accounts.extend(account);
        performed.tell(&answer);
        Ok(performed)
    }

    /// Returns the person who holds a device, to be changed.
    fn holder(&mut self, name: &Name) -> Result<&mut Participant, StepError> {
        self.people
            .get_mut(name)
            .ok_or_else(|| StepError::Unready(format!("there is no user `{name}`")))
    }

    /// Makes the request by which a device approves or denies a notification.
    pub(super) fn reply_request(&mut self, command: &Command) -> Result<Request, StepError> {
        let (user, which, secret, reply) = match command {
            Command::ApproveNotification {
                user,
                notification,
                secret,
            } => (user, *notification, *secret, "approve"),
            Command::DenyNotification {
                user,
                notification,
                secret,
            } => (user, *notification, *secret, "deny"),
            _ => return Err(StepError::unready("no authenticator does this")),
        };
        let message = self.nth_newest(self.notifications(user), which, "notification", user)?;
        let mut devices = self.people.values().flat_map(|person| &person.devices);
        let device = devices
            .find(|device| device.push_token == message.destination)
            .cloned()
            .ok_or_else(|| StepError::unready("the notification went to no device of this user"))?;
        let push = message.push.as_ref();
        let id = push.map_or("", |push| push.notification_id.as_str());
        let chosen = match secret {
            CallbackSecret::OfAnother => Some(self.secret_of_another_device(user, &device)?),
            _ => self.callback_secret(user, secret, device.secret.clone())?,
        };
        let mut vars = Vars::default();
        vars.all(device.reply(id, chosen, reply));
        self.ask(Operation::ReplyToNotification, vars, None)
    }

    fn secret_of_another_device(&self, user: &Name, device: &Device) -> Result<Value, StepError> {
        let devices = self.people.get(user).map(|person| &person.devices);
        let mut others = devices.into_iter().flatten().rev();
        let other = others.find(|other| other.push_token != device.push_token);
        other
            .and_then(|other| other.secret.clone())
            .ok_or_else(|| StepError::unready("the user has no other device"))
    }

    /// Chooses the secret that a callback carries; none means none.
    pub(super) fn callback_secret(
        &mut self,
        user: &Name,
        secret: CallbackSecret,
        right: Option<Value>,
    ) -> Result<Option<Value>, StepError> {
        Ok(match secret {
            CallbackSecret::Right => right,
            CallbackSecret::None => None,
            CallbackSecret::Wrong => {
                Some(Value::Secret(super::persona::draw_password(&mut self.rng)))
            }
            CallbackSecret::SessionToken => {
                let session = self.handle(HandleKind::Session, user, None)?;
                self.handles.get(session).kept.get("session").cloned()
            }
            CallbackSecret::OfAnother => {
                return Err(StepError::unready(
                    "whose other secret is meant is not known here",
                ));
            }
        })
    }

    /// Lists the notifications that reached a user's devices, oldest first.
    pub(super) fn notifications(&self, user: &Name) -> Vec<Arc<Message>> {
        let inboxes = self.gateways.inboxes();
        let devices = self.people.get(user).map(|person| &person.devices);
        let mut messages: Vec<Arc<Message>> = devices
            .into_iter()
            .flatten()
            .flat_map(|device| inboxes.since(self.opened, Channel::Push, &device.push_token))
            .collect();
        messages.sort_by_key(|message| message.seq);
        messages.dedup_by_key(|message| message.seq);
        messages
    }

    /// Picks the newest message or the one before it.
    pub(super) fn nth_newest(
        &self,
        messages: Vec<Arc<Message>>,
        which: Which,
        what: &str,
        user: &Name,
    ) -> Result<Arc<Message>, StepError> {
        let back = match which {
            Which::LastSent => 0,
            Which::Previous => 1,
        };
        messages
            .into_iter()
            .rev()
            .nth(back)
            .ok_or_else(|| StepError::Unready(format!("no such {what} reached {user}")))
    }
}
