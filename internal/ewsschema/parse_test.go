package ewsschema_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// envelope wraps the content of a body, and headers, in a request.
func envelope(version, headers, body string) string {
	if version != "" {
		headers = `<t:RequestServerVersion Version="` + version + `"/>` + headers
	}
	return `<?xml version="1.0"?>
<s:Envelope xmlns:s="` + xmlwire.URISOAP + `" xmlns:t="` + xmlwire.URITypes + `" xmlns:m="` + xmlwire.URIMessages + `">` +
		`<s:Header>` + headers + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

func parse(request string, server ewsschema.Version) (*ewsschema.Request, error) {
	return ewsschema.Parse(strings.NewReader(request), server)
}

func TestParseFixtures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/valid/*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			req, err := parse(string(b), ewsschema.Exchange2016)
			require.NoError(t, err)
			assert.True(t, req.Modelled)
			assert.Equal(t, req.Name, req.Operation.Local)
			assert.Equal(t, req.VersionName, req.Version.String())

			slow, err := ewsschema.Parse(iotest.OneByteReader(strings.NewReader(string(b))), ewsschema.Exchange2016)
			require.NoError(t, err)
			assert.Equal(t, req, slow)
		})
	}
}

const (
	shape = `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>`
	inbox = `<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds>`
	ids   = `<m:ItemIds><t:ItemId Id="A"/></m:ItemIds>`
)

func TestParseViolations(t *testing.T) {
	t.Parallel()
	types, messages := xmlwire.URITypes, xmlwire.URIMessages
	tests := map[string]struct {
		body string
		want string
	}{
		"order": {
			body: `<m:FindItem Traversal="Shallow">` + inbox + shape + `</m:FindItem>`,
			want: "The element 'FindItem' in namespace '" + messages + "' has invalid child element 'ParentFolderIds' in namespace '" + messages + "'. List of possible elements expected: 'ItemShape' in namespace '" + messages + "'.",
		},
		"unknown element": {
			body: `<m:FindItem Traversal="Shallow">` + shape + `<m:Page/>` + inbox + `</m:FindItem>`,
			want: "has invalid child element 'Page' in namespace '" + messages + "'. List of possible elements expected: 'IndexedPageItemView, FractionalPageItemView, SeekToConditionPageItemView, CalendarView, ContactsView, GroupBy, DistinguishedGroupBy, Restriction, SortOrder, ParentFolderIds' in namespace '" + messages + "'.",
		},
		"wrong namespace": {
			body: `<m:GetItem>` + strings.ReplaceAll(shape, "m:", "t:") + ids + `</m:GetItem>`,
			want: "has invalid child element 'ItemShape' in namespace '" + types + "'",
		},
		"incomplete": {
			body: `<m:GetItem>` + shape + `</m:GetItem>`,
			want: "The element 'GetItem' in namespace '" + messages + "' has incomplete content. List of possible elements expected: 'ItemIds' in namespace '" + messages + "'.",
		},
		"nothing in a list": {
			body: `<m:GetItem>` + shape + `<m:ItemIds/></m:GetItem>`,
			want: "The element 'ItemIds' in namespace '" + messages + "' has incomplete content.",
		},
		"twice": {
			body: `<m:GetItem>` + shape + shape + ids + `</m:GetItem>`,
			want: "has invalid child element 'ItemShape'",
		},
		"after the end": {
			body: `<m:GetItem>` + shape + ids + ids + `</m:GetItem>`,
			want: "has invalid child element 'ItemIds'",
		},
		"missing attribute": {
			body: `<m:FindItem>` + shape + inbox + `</m:FindItem>`,
			want: "The required attribute 'Traversal' is missing.",
		},
		"unknown attribute": {
			body: `<m:GetItem Fast="1">` + shape + ids + `</m:GetItem>`,
			want: "The 'Fast' attribute is not declared.",
		},
		"attribute with prefix": {
			body: `<m:FindItem t:Traversal="Shallow" Traversal="Shallow">` + shape + inbox + `</m:FindItem>`,
			want: "The 'Traversal' attribute of another namespace is not declared.",
		},
		"type of another element": {
			body: `<m:GetItem xmlns:i="` + xmlwire.URIInstance + `" i:type="m:GetFolderType">` + shape + ids + `</m:GetItem>`,
			want: "The type 'm:GetFolderType' is not that of the element 'GetItem' in namespace '" + messages + "', 'GetItemType'.",
		},
		"enumeration in an attribute": {
			body: `<m:FindItem Traversal="Deep">` + shape + inbox + `</m:FindItem>`,
			want: "The 'Traversal' attribute is invalid - The value 'Deep' is invalid according to its datatype 'ItemQueryTraversalType' - The Enumeration constraint failed.",
		},
		"enumeration in an element": {
			body: `<m:GetItem>` + strings.ReplaceAll(shape, "IdOnly", "idOnly") + ids + `</m:GetItem>`,
			want: "The '" + types + ":BaseShape' element is invalid - The value 'idOnly' is invalid according to its datatype 'DefaultShapeNamesType' - The Enumeration constraint failed.",
		},
		"white space is part of an enumeration value": {
			body: `<m:GetItem>` + strings.ReplaceAll(shape, "IdOnly", " IdOnly ") + ids + `</m:GetItem>`,
			want: "The Enumeration constraint failed.",
		},
		"unknown folder name": {
			body: `<m:FindItem Traversal="Shallow">` + shape + strings.ReplaceAll(inbox, "inbox", "allitems") + `</m:FindItem>`,
			want: "The 'Id' attribute is invalid - The value 'allitems' is invalid according to its datatype 'DistinguishedFolderIdNameType'",
		},
		"folder name in another case": {
			body: `<m:FindItem Traversal="Shallow">` + shape + strings.ReplaceAll(inbox, "inbox", "Inbox") + `</m:FindItem>`,
			want: "The value 'Inbox' is invalid",
		},
		"number": {
			body: `<m:FindItem Traversal="Shallow">` + shape + `<m:IndexedPageItemView Offset="one" BasePoint="Beginning"/>` + inbox + `</m:FindItem>`,
			want: "The 'Offset' attribute is invalid - The value 'one'",
		},
		"range": {
			body: `<m:SyncFolderItems>` + shape + `<m:SyncFolderId><t:FolderId Id="A"/></m:SyncFolderId><m:MaxChangesReturned>513</m:MaxChangesReturned></m:SyncFolderItems>`,
			want: "The MaxInclusive constraint failed.",
		},
		"base64": {
			body: `<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="A"/><t:Data>A*==</t:Data></t:Item></m:Items></m:UploadItems>`,
			want: "datatype 'base64Binary'",
		},
		"guid": {
			body: `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:ExtendedFieldURI PropertySetId="{c11ff724-aa03-4555-9952-8fa248a11c3e}" PropertyName="n" PropertyType="String"/></t:AdditionalProperties></m:ItemShape>` + ids + `</m:GetItem>`,
			want: "The Pattern constraint failed.",
		},
		"empty string": {
			body: `<m:ExpandDL><m:Mailbox><t:EmailAddress/></m:Mailbox></m:ExpandDL>`,
			want: "The actual length is less than the MinLength value.",
		},
		"text among elements": {
			body: `<m:GetItem>x` + shape + ids + `</m:GetItem>`,
			want: "The element 'GetItem' in namespace '" + messages + "' cannot contain text. List of possible elements expected: 'ItemShape'",
		},
		"text after elements": {
			body: `<m:GetItem>` + shape + ids + `x</m:GetItem>`,
			want: "cannot contain text",
		},
		"white space in an empty element": {
			body: `<m:GetItem>` + shape + `<m:ItemIds><t:ItemId Id="A"> </t:ItemId></m:ItemIds></m:GetItem>`,
			want: "Content model is empty.",
		},
		"element in an empty element": {
			body: `<m:GetItem>` + shape + `<m:ItemIds><t:ItemId Id="A"><t:X/></t:ItemId></m:ItemIds></m:GetItem>`,
			want: "because the parent element's content model is empty.",
		},
		"element in text": {
			body: `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly<t:X/></t:BaseShape></m:ItemShape>` + ids + `</m:GetItem>`,
			want: "because the parent element's content model is text only.",
		},
		"two expressions in a restriction": {
			body: `<m:FindItem Traversal="Shallow">` + shape + `<m:Restriction>` + strings.Repeat(`<t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>`, 2) + `</m:Restriction>` + inbox + `</m:FindItem>`,
			want: "has invalid child element 'Exists'",
		},
		"two properties in a change": {
			body: `<m:UpdateItem ConflictResolution="AutoResolve"><m:ItemChanges><t:ItemChange><t:ItemId Id="A"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="item:Body"/><t:Item/></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`,
			want: "has invalid child element 'FieldURI'",
		},
		"order inside of a message": {
			body: `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:IsRead>true</t:IsRead><t:Subject>x</t:Subject></t:Message></m:Items></m:CreateItem>`,
			want: "The element 'Message' in namespace '" + types + "' has invalid child element 'Subject' in namespace '" + types + "'. List of possible elements expected: 'IsResponseRequested, ",
		},
		"no such operation": {
			body: `<m:Frobnicate/>`,
			want: "The '" + messages + ":Frobnicate' element is not declared.",
		},
		"operation in the wrong namespace": {
			body: `<t:GetItem/>`,
			want: "The '" + types + ":GetItem' element is not declared.",
		},
		"operation without namespace": {
			body: `<GetItem/>`,
			want: "The 'GetItem' element is not declared.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := parse(envelope("Exchange2013_SP1", "", tt.body), ewsschema.Exchange2016)
			v, ok := errors.AsType[*ewsschema.Violation](err)
			require.True(t, ok, "error is %v", err)
			assert.Contains(t, v.Message, tt.want)
			assert.NotEmpty(t, req.Name)
		})
	}
}

func TestParseViolationHasPlace(t *testing.T) {
	t.Parallel()
	body := "\n  <m:GetItem>\n    <m:Größe/>\n  </m:GetItem>\n"
	_, err := parse(envelope("Exchange2013", "", body), ewsschema.Exchange2013)
	v, ok := errors.AsType[*ewsschema.Violation](err)
	require.True(t, ok, "error is %v", err)
	assert.Equal(t, 4, v.Line)
	assert.Equal(t, 6, v.Position)
	assert.EqualError(t, err, "The request failed schema validation: "+v.Message+" (line 4, position 6)")
}

func TestParseValues(t *testing.T) {
	t.Parallel()
	numbers := []string{" 7\n", "+7", "-7", "007"}
	for _, n := range numbers {
		_, err := parse(envelope("Exchange2013", "", `<m:FindItem Traversal="Shallow">`+shape+`<m:IndexedPageItemView Offset="`+n+`" BasePoint="End"/>`+inbox+`</m:FindItem>`), ewsschema.Exchange2013)
		assert.NoError(t, err, "%q", n)
	}
	bools := map[string]bool{"true": true, "0": true, " 1\n": true, "True": false, "yes": false, "": false}
	for text, ok := range bools {
		_, err := parse(envelope("Exchange2013", "", `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>`+text+`</t:IncludeMimeContent></m:ItemShape>`+ids+`</m:GetItem>`), ewsschema.Exchange2013)
		assert.Equal(t, ok, err == nil, "%q: %v", text, err)
	}
	times := map[string]bool{
		"2026-11-25T10:00:00":          true,
		"2026-11-25T10:00:00Z":         true,
		"2026-11-25T10:00:00.123+5:00": false,
		"2026-11-25T10:00:00.1+05:00":  true,
		" 2026-11-25T24:00:00\n":       true,
		"2026-11-25T24:00:01":          false,
		"2026-11-25T23:60:00":          false,
		"2024-02-29T00:00:00":          true,
		"2100-02-29T00:00:00":          false,
		"2026-13-01T00:00:00":          false,
		"0000-01-01T00:00:00":          false,
		"2026-11-25":                   false,
		"25.11.2026":                   false,
	}
	for text, ok := range times {
		_, err := parse(envelope("Exchange2013", "", `<m:FindItem Traversal="Shallow">`+shape+`<m:CalendarView StartDate="`+text+`" EndDate="2026-11-25T10:00:00Z"/>`+inbox+`</m:FindItem>`), ewsschema.Exchange2013)
		assert.Equal(t, ok, err == nil, "%q: %v", text, err)
	}
	base64s := map[string]bool{"": true, "AQID": true, " AQ ==\n": true, "AQI": false, "AQ=I": false, "A===": false, "ÄQID": false}
	for text, ok := range base64s {
		_, err := parse(envelope("Exchange2013", "", `<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="A"/><t:Data>`+text+`</t:Data></t:Item></m:Items></m:UploadItems>`), ewsschema.Exchange2013)
		assert.Equal(t, ok, err == nil, "%q: %v", text, err)
	}
	tags := map[string]bool{"0x0E07": true, "0Xe07": true, "3591": true, "0x12345": false, "70000": false, "0E07": false}
	for text, ok := range tags {
		_, err := parse(envelope("Exchange2013", "", `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="`+text+`" PropertyType="Integer"/></t:AdditionalProperties></m:ItemShape>`+ids+`</m:GetItem>`), ewsschema.Exchange2013)
		assert.Equal(t, ok, err == nil, "%q: %v", text, err)
	}
}

func TestParseMalformed(t *testing.T) {
	t.Parallel()
	whole := envelope("Exchange2013", "", `<m:GetItem>`+shape+ids+`</m:GetItem>`)
	tests := map[string]string{
		"empty":               "",
		"no XML":              "hello",
		"cut":                 whole[:len(whole)-5],
		"garbage behind":      whole + "x",
		"document type":       "<!DOCTYPE x>" + whole,
		"undeclared prefix":   `<x:Envelope/>`,
		"forbidden character": envelope("Exchange2013", "", `<m:GetItem>&#x1F;</m:GetItem>`),
		"too deep":            envelope("Exchange2013", "", strings.Repeat("<a>", 400)+strings.Repeat("</a>", 400)),
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(request, ewsschema.Exchange2016)
			e, ok := errors.AsType[*ewsschema.SyntaxError](err)
			require.True(t, ok, "error is %v", err)
			_, ok = errors.AsType[*xmlwire.Error](err)
			assert.True(t, ok)
			assert.Positive(t, e.Line)
			assert.NotEmpty(t, e.Error())
		})
	}
}

func TestParseReaderFails(t *testing.T) {
	t.Parallel()
	_, err := ewsschema.Parse(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(io.ErrClosedPipe)), ewsschema.Exchange2016)
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	ok := `<m:GetItem>` + shape + ids + `</m:GetItem>`
	soap := `xmlns="` + xmlwire.URISOAP + `"`
	tests := map[string]string{
		"another root":            `<Letter/>`,
		"SOAP 1.2":                `<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>`,
		"no body":                 `<Envelope ` + soap + `><Header/></Envelope>`,
		"nothing":                 `<Envelope ` + soap + `/>`,
		"header behind the body":  `<Envelope ` + soap + `><Body><x/></Body><Header/></Envelope>`,
		"empty body":              envelope("", "", ""),
		"two operations":          envelope("", "", ok+ok),
		"text in the body":        envelope("", "", "x"+ok),
		"attribute":               `<Envelope ` + soap + ` a="b"><Body><x/></Body></Envelope>`,
		"version without version": envelope("", `<t:RequestServerVersion/>`, ok),
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(request, ewsschema.Exchange2016)
			_, is := errors.AsType[*ewsschema.Violation](err)
			assert.True(t, is, "error is %v", err)
		})
	}
	t.Run("without header", func(t *testing.T) {
		t.Parallel()
		req, err := parse(`<Envelope `+soap+` xmlns:m="`+xmlwire.URIMessages+`" xmlns:t="`+xmlwire.URITypes+`"><Body>`+ok+`</Body></Envelope>`, ewsschema.Exchange2016)
		require.NoError(t, err)
		assert.Nil(t, req.Header)
		assert.Equal(t, ewsschema.Exchange2007, req.Version)
		assert.Empty(t, req.VersionName)
	})
}
