package ewstest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestSignIn(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{TLS: true})
	t.Cleanup(srv.Close)
	assert.NotEmpty(t, srv.CAPEM())
	for _, rt := range []http.RoundTripper{srv.Direct(), srv.Transport()} {
		for _, tt := range []struct {
			user, password string
			status         int
		}{
			{"alice@example.test", "alice-password", 500},
			{`EXAMPLE\alice`, "alice-password", 500},
			{`example\Alice`, "alice-password", 500},
			{"alice", "alice-password", 500},
			{"svc", "svc-password", 500},
			{"alice", "bob-password", 401},
			{"nobody", "nobody-password", 401},
			{"", "", 401},
		} {
			url := srv.URL()
			req := posted(t.Context(), t, url, strings.NewReader("no XML"))
			if tt.user != "" {
				req.SetBasicAuth(tt.user, tt.password)
			}
			res, err := rt.RoundTrip(req)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, tt.status, res.StatusCode, tt.user)
			if tt.status == 401 {
				assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Basic")
			}
		}
	}
}

func TestImpersonation(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"d@example.test"}})
	c.srv.AddMailbox("gone@example.test", nil).Remove(false)
	c.srv.AddMailbox("moving@example.test", nil).Remove(true)
	inbox := `<m:GetFolder><m:FolderShape>` + idOnly + `</m:FolderShape><m:FolderIds>` + folderOf("inbox", "") + `</m:FolderIds></m:GetFolder>`
	get := func(c *caller, sid string) string {
		c = c.impersonating("x")
		c.header = `<t:ExchangeImpersonation><t:ConnectingSID>` + sid + `</t:ConnectingSID></t:ExchangeImpersonation>`
		return strings.Join(codes(c.do(inbox)), ",")
	}
	for sid, want := range map[string]string{
		`<t:PrimarySmtpAddress>alice@example.test</t:PrimarySmtpAddress>`:  "NoError",
		`<t:SmtpAddress>ALICE@example.test</t:SmtpAddress>`:                "NoError",
		`<t:PrincipalName>alice@example.test</t:PrincipalName>`:            "NoError",
		`<t:PrimarySmtpAddress>d@example.test</t:PrimarySmtpAddress>`:      "ErrorNonPrimarySmtpAddress",
		`<t:SmtpAddress>d@example.test</t:SmtpAddress>`:                    "NoError",
		`<t:PrimarySmtpAddress>nobody@example.test</t:PrimarySmtpAddress>`: "ErrorNonExistentMailbox",
		`<t:PrimarySmtpAddress>gone@example.test</t:PrimarySmtpAddress>`:   "ErrorNonExistentMailbox",
		`<t:PrimarySmtpAddress>moving@example.test</t:PrimarySmtpAddress>`: "ErrorMailboxMoveInProgress",
		`<t:SID>S-1-5-21-1</t:SID>`:                                        "ErrorInvalidUserSid",
	} {
		assert.Equal(t, want, get(c, sid), sid)
	}
	assert.Equal(t, "ErrorImpersonateUserDenied", get(c.as("alice"), `<t:SmtpAddress>bob@example.test</t:SmtpAddress>`))
	self := c.as("alice")
	assert.Equal(t, "ErrorImpersonateUserDenied", get(self, `<t:SmtpAddress>alice@example.test</t:SmtpAddress>`), "nor itself")
	c.srv.GrantImpersonation("alice", alice)
	assert.Equal(t, "NoError", get(self, `<t:SmtpAddress>alice@example.test</t:SmtpAddress>`))
	c.srv.RevokeImpersonation("svc", "*")
	c.srv.GrantImpersonation("svc", bob)
	assert.Equal(t, "ErrorImpersonateUserDenied", get(c, `<t:SmtpAddress>alice@example.test</t:SmtpAddress>`))
	assert.Equal(t, "NoError", get(c, `<t:SmtpAddress>bob@example.test</t:SmtpAddress>`))
}

func TestImpersonatedUserSeesOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	as := c.impersonating(bob)
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(as.do(getItemXML(idOnly, itemID(m)))))
	assert.Equal(t, []string{"ErrorFolderNotFound"}, codes(as.do(findXML(folderOf("inbox", alice), ""))))
	c.srv.GrantFullAccess("bob", alice)
	assert.Equal(t, []string{"NoError"}, codes(as.do(getItemXML(idOnly, itemID(m)))))
	c.srv.RevokeFullAccess("bob", alice)
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.as("bob").do(getItemXML(idOnly, itemID(m)))), "without access it is not found")
}

func TestAccountWithoutMailbox(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddUser("robot", "secret")
	c.srv.GrantFullAccess("robot", alice)
	c = c.as("robot")
	assert.Equal(t, []string{"ErrorMissingEmailAddress"}, codes(c.do(findXML(folderOf("inbox", ""), ""))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", alice), ""))))
	assert.Equal(t, []string{"ErrorNameResolutionNoMailbox"}, codes(c.do(`<m:ExpandDL><m:Mailbox><t:EmailAddress>all-staff@example.test</t:EmailAddress></m:Mailbox></m:ExpandDL>`)))
	assert.Equal(t, []string{"ErrorNameResolutionNoMailbox"}, codes(c.do(`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>alice</m:UnresolvedEntry></m:ResolveNames>`)))
}

func TestRemovedMailbox(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	for _, tt := range []struct {
		moving bool
		want   string
	}{{false, "ErrorNonExistentMailbox"}, {true, "ErrorMailboxMoveInProgress"}} {
		box.Remove(tt.moving)
		assert.Equal(t, []string{tt.want}, codes(c.do(findXML(folderOf("inbox", alice), ""))))
		assert.Equal(t, tt.want, codes(c.do(getItemXML(idOnly, itemID(m))))[0])
		assert.Len(t, box.Messages(), 1, "the test still sees it")
	}
	box.Restore()
	assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{RequestsPerMinute: 2})
	ask := func(c *caller) string { return codes(c.do(findXML(folderOf("inbox", alice), "")))[0] }
	assert.Equal(t, []string{"NoError", "NoError", "ErrorServerBusy"}, []string{ask(c), ask(c), ask(c)})
	assert.Equal(t, "NoError", ask(c.impersonating(alice)), "an impersonated mailbox has its own budget")
	c.srv.SetBudget("svc", ewstest.Budget{})
	assert.Equal(t, "NoError", ask(c))
}

func TestConcurrencyLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{MaxConcurrency: 1, Latency: time.Second})
		find := findXML(folderOf("inbox", alice), "")
		var wg sync.WaitGroup
		answers := make([]string, 2)
		for i := range answers {
			wg.Go(func() { answers[i] = strings.Join(codes(c.do(find)), ",") })
		}
		wg.Wait()
		assert.ElementsMatch(t, []string{"NoError", "ErrorExceededConnectionCount"}, answers)
		assert.Equal(t, []string{"NoError"}, codes(c.do(find)), "a finished request no longer counts")
	})
}

func TestProxyAddressOnDistinguishedFolder(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"d@example.test"}})
	answer := c.do(findXML(folderOf("inbox", "d@example.test"), ""))
	assert.Equal(t, []string{"ErrorNonPrimarySmtpAddress"}, codes(answer))
	assert.Contains(t, answer, "dora@example.test", "the answer names the right one")
}
