package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// caller is the identity a request acts as.
type caller struct {
	account      string             // the account that signed in or is impersonated
	box          *mailstore.Mailbox // its own mailbox, nil if it has none
	impersonated bool
	directory    *directory
}

// payer names the budget to charge; an impersonated mailbox has its own, regardless of
// who impersonates it.
func (w *caller) payer() string {
	if w.impersonated {
		return impersonatedPayer + w.account
	}
	return w.account
}

// hasMailbox reports whether the caller has a mailbox, which it needs to use the
// address book.
func (w *caller) hasMailbox() bool { return w.box != nil && !w.box.Gone }

// opens reports whether the caller may open a mailbox.
func (w *caller) opens(m *mailstore.Mailbox) bool {
	return m == w.box || granted(w.directory.fullAccess, w.account, m)
}

// caller determines the identity a request acts as.
func (s *Server) caller(account string, header *ewsschema.Node) (*caller, *refusal) {
	w := &caller{account: account, box: s.org.ByAddress(account), directory: s.directory}
	modes := header.All("ExchangeImpersonation")
	switch {
	case header.Child("OpenAsAdminOrSystemService").Exists():
		return nil, refuse("ErrorAccessDenied") // only for use between servers
	case header.Child("ManagementRole").Exists():
		return nil, refuseText("ErrorInvalidManagementRoleHeader", "ewstest has no management roles.")
	}
	if header.Child("SerializedSecurityContext").Exists() {
		if len(modes) > 0 {
			return nil, refuse("ErrorMoreThanOneAccessModeSpecified")
		}
		return nil, refuse("ErrorInvalidSerializedAccessToken")
	}
	if len(modes) == 0 {
		if strings.HasPrefix(account, applicationAccount) {
			return nil, refuseText("ErrorInvalidExchangeImpersonationHeaderData", "ExchangeImpersonation SOAP header must be present for this type of OAuth token.")
		}
		return w, nil
	}
	sid := modes[0].Child("ConnectingSID").First()
	address := strings.TrimSpace(sid.Content())
	if address == "" {
		return nil, refuse("ErrorInvalidExchangeImpersonationHeaderData")
	}
	box := s.mailboxAt(address)
	switch {
	case sid.Local == "SID":
		if box = s.org.BySID(address); box == nil {
			return nil, refuse("ErrorInvalidUserSid")
		}
	case sid.Local == "PrincipalName" && box == nil:
		return nil, refuse("ErrorInvalidUserPrincipalName")
	}
	if refused := s.reachable(box); refused != nil {
		return nil, refused
	}
	if sid.Local == "PrimarySmtpAddress" && !strings.EqualFold(box.Address, address) {
		return nil, notPrimary(box)
	}
	if !granted(s.directory.impersonate, account, box) {
		return nil, refuse("ErrorImpersonateUserDenied")
	}
	w.account, w.box, w.impersonated = strings.ToLower(box.Address), box, true
	return w, nil
}

func notPrimary(box *mailstore.Mailbox) *refusal {
	return &refusal{code: "ErrorNonPrimarySmtpAddress", values: []value{{"Primary", box.Address}}}
}

// reachable refuses a mailbox that does not exist, was removed or is moving.
func (s *Server) reachable(box *mailstore.Mailbox) *refusal {
	switch {
	case box == nil, box.Gone && !box.Moving:
		return s.noMailbox("")
	case box.Moving:
		return refuse("ErrorMailboxMoveInProgress")
	}
	return nil
}
