//! The audit trail.

use http::Uri;
use proofup_domain::refusal::Refusal;

use super::json::Json;
use crate::decide::ProtectedOperation;
use crate::refused::Refused;
use crate::service::Visitor;
use crate::wire::AuditEvents;

/// Events of one page unless the client asks for fewer or more.
const PAGE: usize = 50;
const PAGE_MAX: usize = 500;

/// Read the audit trail, as an administrator.
#[utoipa::path(get, path = "/v1/auditEvents", operation_id = "readAuditEvents", tag = "audit",
    params(("top" = Option<u32>, Query, description = "Events on a page, 1 to 500; default 50"),
        ("after" = Option<String>, Query, description = "The id of the last event seen")),
    responses((status = 200, description = "Events, oldest first", body = AuditEvents)))]
pub(crate) async fn read_audit(visitor: Visitor, uri: Uri) -> Result<Json<AuditEvents>, Refused> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let (mut top, mut after) = (PAGE, 0);
    for (name, value) in url::form_urlencoded::parse(query) {
        match name.as_ref() {
            "top" => {
                let number = value.parse().ok();
                let number = number.filter(|top| (1..=PAGE_MAX).contains(top));
                top = number.ok_or_else(|| unreadable("top"))?;
            }
            "after" => after = value.parse().map_err(|_| unreadable("after"))?,
            _ => {}
        }
    }
    visitor.act(ProtectedOperation::ReadAudit, |turn, caller| {
        turn.audit_page(caller, top, after).map(Json)
    })
}

fn unreadable(field: &'static str) -> Refused {
    Refused::field(Refusal::InvalidInput, field, "the parameter cannot be read")
}
