package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// probeID is not a valid id; servers answer ErrorInvalidIdMalformed.
const probeID = "AAAA"

// checkAccount signs in, once, and checks whether EWS answers and its version.
func (k *checker) checkAccount(ctx context.Context) {
	if k.cfg.Authentication.Type == exchange.AuthenticationAzureAD && k.certificate == nil {
		k.block(CheckCertificate)
		return
	}
	rt, err := k.conn.SignIn(k.cfg.EWSURL)
	if err != nil {
		k.fail(CheckAuthentication, "", err.Error(), k.signInRemedy())
		k.block(CheckAuthentication)
		return
	}
	k.client, err = ews.NewClient(k.cfg.EWSURL, &ews.Options{
		Transport: rt, Limiter: k.limiter, Payer: k.cfg.Authentication.Username, UserAgent: k.opts.UserAgent,
		ReadAttempts: 3, StallTimeout: time.Duration(k.cfg.StallTimeout), Logger: k.opts.Logger,
	})
	if err != nil {
		k.fail(CheckEndpoint, "", err.Error(), k.urlRemedy())
		k.block(CheckEndpoint)
		return
	}
	// ConvertId with an invalid id touches no mailbox, so it needs no right but to sign in.
	view := k.client
	if k.cfg.Authentication.Type == exchange.AuthenticationAzureAD {
		view = k.client.Impersonating(k.cfg.QuarantineMailbox) // an application must
	}
	results, err := view.ConvertID(ctx, ews.ConvertIDRequest{
		IDs: []ews.AlternateID{{Format: ews.FormatEWSID, ID: probeID, Mailbox: k.cfg.QuarantineMailbox}},
		To:  ews.FormatEntryID,
	})
	if err == nil {
		err = results[0].Err
	}
	k.answered(ctx, view, err)
}

// answered evaluates the first answer.
func (k *checker) answered(ctx context.Context, view *ews.Client, err error) {
	refusal, isSOAP := errors.AsType[*ews.ResponseError](err)
	page, isPage := errors.AsType[*ews.HTTPError](err)
	_, blocked := errors.AsType[*auth.EWSBlockedError](err)
	_, signInFailed := errors.AsType[*auth.AuthError](err)
	_, tokenRefused := errors.AsType[*auth.TokenError](err)
	switch {
	case k.undecided(ctx, err):
		return
	case blocked, isPage && page.Status == http.StatusForbidden:
		k.ok(CheckEndpoint, "", "the server answers")
		k.ok(CheckAuthentication, "", "the server accepted the credentials")
		k.fail(CheckEWSAllowed, "", err.Error(), k.allowRemedy())
		k.block(CheckEWSAllowed)
		return
	case errors.Is(err, ews.ErrUnauthorized), signInFailed, tokenRefused:
		k.fail(CheckAuthentication, "", err.Error(), k.signInRemedy())
		k.block(CheckAuthentication)
		return
	case err != nil && !isSOAP && !errors.Is(err, ews.ErrUnsupportedVersion):
		k.fail(CheckEndpoint, "", err.Error(), k.urlRemedy())
		k.block(CheckEndpoint)
		return
	}
	k.ok(CheckEndpoint, "", "EWS answers")
	k.ok(CheckAuthentication, "", "signed in as "+k.account())
	k.allowed()
	if errors.Is(err, ews.ErrUnsupportedVersion) || isSOAP && refusal.Code == "ErrorInvalidServerVersion" {
		k.fail(CheckVersion, "", err.Error(), remedy{text: "Exchange 2010 SP1 or later is required; if such a server has the mailboxes, set ewsUrl to it"})
		k.block(CheckVersion)
		return
	}
	k.version(view.Build(), view.Version())
}

// account names the account or application that signs in.
func (k *checker) account() string {
	if a := k.cfg.Authentication; a.Type == exchange.AuthenticationAzureAD {
		return "application " + a.ApplicationID
	}
	return cmp.Or(k.cfg.Authentication.Username, "the account of the program")
}

// accountName returns the name of the account for commands; only a program that signs in
// itself may leave it out.
func (k *checker) accountName() string { return cmp.Or(k.cfg.Authentication.Username, "ACCOUNT") }

// allowed reports that EWS is not blocked, and when Exchange Online ends it.
func (k *checker) allowed() {
	if u, err := url.Parse(k.cfg.EWSURL); err != nil || !msclouds.HasEWS(u.Hostname()) {
		k.ok(CheckEWSAllowed, "", "EWS is not blocked for the account")
		return
	}
	end, _ := time.Parse(time.DateOnly, msclouds.EWSEnd) // a constant
	days := int(end.Sub(k.now()).Hours() / 24)
	k.warn(CheckEWSAllowed, "", fmt.Sprintf("EWS is not blocked for the application; Exchange Online ends it on %s (%d days left)", msclouds.EWSEnd, days), remedy{
		text: "in the worldwide cloud, set api to \"graph\" before that day, for which ewsq setup prints the steps; in the others Graph lacks what a quarantine needs. There are no exceptions",
	})
}

// version evaluates the build of the server.
func (k *checker) version(b ews.Build, speaks ews.Version) {
	seen := fmt.Sprintf("%s (%s), using schema version %s", product(b), b, speaks)
	switch {
	case b.IsZero():
		k.skip(CheckVersion, "", "the answer does not contain the version of the server")
	case b.Version() == 0:
		k.fail(CheckVersion, "", seen, remedy{text: "Exchange 2010 SP1 or later is required; if such a server has the mailboxes, set ewsUrl to it"})
		k.block(CheckVersion)
	case b.Major == 14 && b.Minor == 0:
		k.warn(CheckVersion, "", seen+"; it cannot export items or open Recoverable Items", servicePackRemedy())
	default:
		k.ok(CheckVersion, "", seen)
	}
}

// product names the product of a build.
// See https://learn.microsoft.com/en-us/exchange/new-features/build-numbers-and-release-dates.
func product(b ews.Build) string {
	switch {
	case b.Major < 14:
		return "Exchange 2007 or older"
	case b.Major == 14:
		return [...]string{"Exchange 2010", "Exchange 2010 SP1", "Exchange 2010 SP2", "Exchange 2010 SP3"}[min(max(b.Minor, 0), 3)]
	case b.Major > 15 || b.Minor > 20:
		return "a later Exchange"
	case b.Minor == 0:
		return "Exchange 2013"
	case b.Minor == 1:
		return "Exchange 2016"
	case b.Minor == 2 && b.Build >= 2562:
		return "Exchange Server Subscription Edition"
	case b.Minor == 2:
		return "Exchange 2019"
	}
	return "Exchange Online"
}
