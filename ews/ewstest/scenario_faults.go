package ewstest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

type scenarioFault struct {
	Fault       string
	Operation   ews.Operation
	MessageID   string
	Skip        int
	Count       *int
	Always      bool
	At          *int
	Probability *float64

	BackOff    duration
	AsFault    bool
	Member     *int
	Acted      bool
	ActedAfter duration

	Time   duration
	Keep   *float64
	Row    *int
	Status int
	Code   ews.ResponseCode
}

// maxCount is the maximum of count.
const maxCount = 1_000_000

// faultNames are the faults that a scenario can name and that take no argument.
var faultNames = map[string]Fault{
	"DropBefore": DropBefore, "DropAfter": DropAfter, "Unavailable": Unavailable, "Busy": Busy, "BusyItem": BusyItem,
	"BusyInner": BusyInner, "TruncatedExport": TruncatedExport, "TruncatedExportEncoded": TruncatedExportEncoded,
	"TruncatedExportAfter": TruncatedExportAfter, "StaleChangeKey": StaleChangeKey, "MailboxMoving": MailboxMoving,
	"HTMLPage": HTMLPage, "EmptyBody": EmptyBody, "CutResponse": CutResponse, "MoveFailedCopyLeft": MoveFailedCopyLeft,
	"CrossMailboxRefused": CrossMailboxRefused,

	"Withheld": Withheld, "OperationUnknown": OperationUnknown, "OperationInvalid": OperationInvalid,
	"OperationNotSupported": OperationNotSupported, "OperationNotImplemented": OperationNotImplemented,
	"EarlierAnswer": EarlierAnswer, "TwoAnswers": TwoAnswers, "WrongRequestID": WrongRequestID,
	"NoResponseMessage": NoResponseMessage, "ResponseMessageTwice": ResponseMessageTwice,
	"FalseSuccess": FalseSuccess, "OnlyCopies": OnlyCopies, "Ghost": Ghost, "PropertiesLost": PropertiesLost,
	"ChangeKeysIgnored": ChangeKeysIgnored, "PagesStuck": PagesStuck, "PagesEmpty": PagesEmpty, "PagesSame": PagesSame,
	"PagesWithoutLast": PagesWithoutLast, "SeveralFoldersRefused": SeveralFoldersRefused, "Blind": Blind,
}

// faultFunctions are the faults that a scenario can name and that take an argument: which
// one, and whether it is required.
var faultFunctions = map[string]struct {
	takes    string
	required bool
	make     func(f *scenarioFault) Fault
}{
	"Late":               {"time", true, func(f *scenarioFault) Fault { return Late(time.Duration(f.Time)) }},
	"Slow":               {"time", true, func(f *scenarioFault) Fault { return Slow(time.Duration(f.Time)) }},
	"Stall":              {"time", false, func(f *scenarioFault) Fault { return Stall(time.Duration(f.Time)) }},
	"Lag":                {"time", true, func(f *scenarioFault) Fault { return Lag(time.Duration(f.Time)) }},
	"Linger":             {"time", true, func(f *scenarioFault) Fault { return Linger(time.Duration(f.Time)) }},
	"Shortened":          {"keep", true, func(f *scenarioFault) Fault { return Shortened(*f.Keep) }},
	"RowFails":           {"row", true, func(f *scenarioFault) Fault { return RowFails(*f.Row) }},
	"Gateway":            {"status", true, func(f *scenarioFault) Fault { return Gateway(f.Status) }},
	"RestrictionRefused": {"code", false, func(f *scenarioFault) Fault { return RestrictionRefused(f.Code) }},
}

// read returns the fault, or an error that describes what is wrong with it.
func (f *scenarioFault) read() (Fault, error) {
	if err := f.check(); err != nil {
		return Fault{}, err
	}
	fault, err := f.named()
	if err != nil {
		return Fault{}, err
	}
	switch {
	case f.BackOff != 0 && !fault.hints():
		return Fault{}, fmt.Errorf("backOff does not apply to %s", f.Fault)
	case f.Member != nil && fault.whole():
		return Fault{}, fmt.Errorf("member does not apply to %s, which strikes whole requests", f.Fault)
	case f.Operation != "" && !fault.canStrike(f.Operation):
		if ops := fault.operations(); ops != nil {
			return Fault{}, fmt.Errorf("%s cannot strike %s, only %s", f.Fault, f.Operation, listed(ops))
		}
		return Fault{}, fmt.Errorf("%s cannot strike %s", f.Fault, f.Operation)
	case (f.Acted || f.ActedAfter != 0) && fault.postponed():
		return Fault{}, fmt.Errorf("acted and actedAfter do not apply to %s, which says itself when the server acts", f.Fault)
	case (f.Acted || f.ActedAfter != 0) && !fault.refuses() && fault.kind != faultMember && fault.kind != faultNoReply:
		return Fault{}, fmt.Errorf("acted and actedAfter do not apply to %s", f.Fault)
	}
	if f.BackOff != 0 {
		fault = fault.BackOff(time.Duration(f.BackOff))
	}
	if f.Member != nil {
		fault = fault.AtMember(*f.Member)
	}
	if f.Acted {
		fault = fault.Acted()
	}
	if f.ActedAfter != 0 {
		fault = fault.ActedAfter(time.Duration(f.ActedAfter))
	}
	return fault, nil
}

// listed names operations for an error.
func listed(ops []ews.Operation) string {
	names := make([]string, len(ops))
	for i, op := range ops {
		names[i] = string(op)
	}
	return strings.Join(names, ", ")
}

// check validates what does not depend on the fault.
func (f *scenarioFault) check() error {
	switch {
	case f.Probability != nil && (*f.Probability <= 0 || *f.Probability > 1):
		return errors.New("probability must be between 0 and 1, and more than 0; without it the fault always strikes")
	case f.Count != nil && (*f.Count < 1 || *f.Count > maxCount):
		return fmt.Errorf("count must be from 1 to %d; use always for a fault that stays", maxCount)
	case f.Skip < 0, f.BackOff < 0, f.ActedAfter < 0, f.Time < 0:
		return errors.New("skip, backOff, actedAfter and time must not be negative")
	case f.Member != nil && *f.Member < 0, f.At != nil && *f.At < 0:
		return errors.New("member and at must not be negative")
	case f.Keep != nil && !(*f.Keep >= 0 && *f.Keep < 1):
		return errors.New("keep must be at least 0 and less than 1")
	case f.Row != nil && *f.Row < 0:
		return errors.New("row must not be negative")
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("status must be between 400 and 599")
	case f.At != nil && (f.Operation != "" || f.MessageID != "" || f.Skip != 0 || f.Count != nil || f.Always || f.Probability != nil):
		return errors.New("at cannot be combined with operation, messageId, skip, count, always or probability")
	case f.Always && f.Count != nil:
		return errors.New("always and count are both given; use one of them")
	case f.Acted && f.ActedAfter != 0:
		return errors.New("acted and actedAfter are both given; use one of them")
	case f.MessageID != "" && f.Operation != "" && f.Operation != ews.OpFindItem && !slices.Contains(byID, f.Operation):
		return fmt.Errorf("messageId does not apply to %s, which names no items", f.Operation)
	case f.Operation != "" && !ewsschema.IsOperation(string(f.Operation)):
		return fmt.Errorf("operation %q is not an operation of EWS, such as MoveItem", f.Operation)
	}
	return nil
}

// named returns the fault of the name, without its modifiers.
func (f *scenarioFault) named() (Fault, error) {
	takes := ""
	fault, known := faultNames[f.Fault]
	function, made := faultFunctions[f.Fault]
	coded := !known && !made && isCode(f.Fault)
	if made {
		takes = function.takes
	}
	given := f.given()
	switch {
	case !known && !made && !coded:
		return Fault{}, fmt.Errorf("fault %q is neither the name of a fault, such as DropAfter, nor a response code", f.Fault)
	case f.AsFault && !coded:
		return Fault{}, fmt.Errorf("asFault does not apply to %s, only to response codes", f.Fault)
	case function.required && !slices.Contains(given, takes):
		return Fault{}, fmt.Errorf("%s requires %s", f.Fault, takes)
	}
	for _, name := range given {
		if name != takes {
			return Fault{}, fmt.Errorf("%s does not apply to %s", name, f.Fault)
		}
	}
	if f.Code != "" && !isCode(string(f.Code)) {
		return Fault{}, fmt.Errorf("code %q is not a response code, such as ErrorInvalidRestriction", f.Code)
	}
	switch {
	case made:
		fault = function.make(f)
	case coded && f.AsFault:
		fault = FaultCode(ews.ResponseCode(f.Fault))
	case coded:
		fault = MemberCode(ews.ResponseCode(f.Fault))
	}
	return fault, nil
}

// isCode reports whether a text has the form of a response code of an error.
func isCode(text string) bool {
	name, ok := strings.CutPrefix(text, "Error")
	return ok && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// given returns those of the given fields that only some faults take.
func (f *scenarioFault) given() []string {
	var all []string
	for _, field := range []struct {
		name  string
		given bool
	}{{"time", f.Time != 0}, {"keep", f.Keep != nil}, {"row", f.Row != nil}, {"status", f.Status != 0}, {"code", f.Code != ""}} {
		if field.given {
			all = append(all, field.name)
		}
	}
	return all
}

// applyFaults plans the faults, which have been checked.
func (s *Scenario) applyFaults(srv *Server) {
	var drawn []Fault
	probability := 0.0
	for _, f := range s.data.Faults {
		fault, _ := f.read()
		when := When{Operation: f.Operation, MessageID: f.MessageID, Skip: f.Skip, Times: 1}
		chance := f.Probability != nil
		if chance {
			when.Probability = *f.Probability
		}
		switch {
		case f.Count != nil:
			when.Times = *f.Count
		case f.Always || chance:
			when.Times = 0
		}
		alone := f.MessageID == "" && f.Skip == 0 && !f.Always
		switch {
		case f.At != nil:
			srv.FailAt(*f.At, fault)
		case chance && alone && f.Operation == "" && f.Count == nil:
			drawn, probability = append(drawn, fault), max(probability, when.Probability)
		case !chance && alone:
			srv.failNext(f.Operation, fault, when.Times)
		default:
			srv.Fail(when, fault)
		}
	}
	if len(drawn) > 0 {
		srv.FailRandomly(probability, drawn...)
	}
}
