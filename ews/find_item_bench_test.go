package ews_test

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

const benchmarkItems = 1000

// BenchmarkFindItemPage reads the same response, a page of 1,000 items with the
// properties needed to locate a message, through the whole client and with
// encoding/xml into structs with the same content (TestFindItemPageEqual).
func BenchmarkFindItemPage(b *testing.B) {
	page := pageOfItems(benchmarkItems)
	b.Run("ews", func(b *testing.B) {
		c := newClient(b, serveForever(page), nil)
		req := ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, PageSize: benchmarkItems}
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			results, err := c.FindItem(b.Context(), req)
			if err != nil || len(results[0].Value.Items) != benchmarkItems {
				b.Fatal(err, results.Err())
			}
		}
	})
	b.Run("encodingxml", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			var env xmlEnvelope
			if err := xml.Unmarshal([]byte(page), &env); err != nil || len(env.Items) != benchmarkItems {
				b.Fatal(err)
			}
		}
	})
}

func TestFindItemPageEqual(t *testing.T) {
	t.Parallel()
	page := pageOfItems(50)
	c := newClient(t, serveForever(page), nil)
	results, err := c.FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}})
	require.NoError(t, err)
	require.NoError(t, results.Err())
	var env xmlEnvelope
	require.NoError(t, xml.Unmarshal([]byte(page), &env))
	require.Len(t, env.Items, 50)
	for i := range env.Items {
		require.Equal(t, env.Items[i].item(t), results[0].Value.Items[i])
	}
}

// TestFindItemPageAllocations checks the promise of at most six allocations per
// item.
func TestFindItemPageAllocations(t *testing.T) {
	c := newClient(t, serveForever(pageOfItems(benchmarkItems)), nil)
	req := ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, PageSize: benchmarkItems}
	allocations := testing.AllocsPerRun(5, func() {
		if _, err := c.FindItem(t.Context(), req); err != nil {
			t.Error(err)
		}
	})
	if perItem := allocations / benchmarkItems; perItem > 6 {
		t.Errorf("%.1f allocations per item, want at most 6", perItem)
	}
}

func serveForever(body string) *staticServer { return &staticServer{body} }

func pageOfItems(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<m:RootFolder IndexedPagingOffset="%d" TotalItemsInView="%d" IncludesLastItemInRange="true"><t:Items>`, n, n)
	for i := range n {
		fmt.Fprintf(&b, `<t:Message><t:ItemId Id="AAMkADZhNzI2%sAAA%06d=" ChangeKey="CQAAABYAAAA%06d"/>`, strings.Repeat("QkFC", 30), i, i)
		fmt.Fprintf(&b, `<t:ParentFolderId Id="AAMkADZhNzI2%sAQAA" ChangeKey="AQAAAA=="/>`, strings.Repeat("QkFC", 20))
		fmt.Fprintf(&b, `<t:ItemClass>IPM.Note</t:ItemClass><t:Subject>Invoice %d &amp; reminder for the quarter</t:Subject>`, i)
		fmt.Fprintf(&b, `<t:DateTimeReceived>2026-11-24T10:%02d:%02dZ</t:DateTimeReceived><t:Size>%d</t:Size><t:Importance>Normal</t:Importance>`, i/60%60, i%60, 1000+i)
		b.WriteString(`<t:DateTimeSent>2026-11-24T09:59:58Z</t:DateTimeSent><t:HasAttachments>false</t:HasAttachments>`)
		fmt.Fprintf(&b, `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x300b" PropertyType="Binary"/><t:Value>pQ9Nd0VbTkeF%06d==</t:Value></t:ExtendedProperty>`, i)
		b.WriteString(`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0xe07" PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty>`)
		fmt.Fprintf(&b, `<t:From><t:Mailbox><t:Name>Sender %d</t:Name></t:Mailbox></t:From>`, i)
		fmt.Fprintf(&b, `<t:InternetMessageId>&lt;%d.20261124@mail.example.test&gt;</t:InternetMessageId><t:IsRead>%t</t:IsRead></t:Message>`, i, i%2 == 0)
	}
	b.WriteString(`</t:Items></m:RootFolder>`)
	return soap(response(ews.OpFindItem, success(ews.OpFindItem, b.String())))
}

type xmlEnvelope struct {
	Items []xmlItem `xml:"Body>FindItemResponse>ResponseMessages>FindItemResponseMessage>RootFolder>Items>Message"`
}

type xmlID struct {
	ID        string `xml:"Id,attr"`
	ChangeKey string `xml:"ChangeKey,attr"`
}

type xmlItem struct {
	ItemID         xmlID  `xml:"ItemId"`
	ParentFolderID xmlID  `xml:"ParentFolderId"`
	ItemClass      string `xml:"ItemClass"`
	Subject        string `xml:"Subject"`
	Received       string `xml:"DateTimeReceived"`
	Size           int64  `xml:"Size"`
	Importance     string `xml:"Importance"`
	Sent           string `xml:"DateTimeSent"`
	HasAttachments bool   `xml:"HasAttachments"`
	Extended       []struct {
		Field struct {
			Tag  string `xml:"PropertyTag,attr"`
			Type string `xml:"PropertyType,attr"`
		} `xml:"ExtendedFieldURI"`
		Value string `xml:"Value"`
	} `xml:"ExtendedProperty"`
	From struct {
		Mailbox struct {
			Name string `xml:"Name"`
		} `xml:"Mailbox"`
	} `xml:"From"`
	InternetMessageID string `xml:"InternetMessageId"`
	IsRead            bool   `xml:"IsRead"`
}

func (x *xmlItem) item(t *testing.T) ews.Item {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return v
	}
	it := ews.Item{
		ID: ews.ItemID(x.ItemID), ParentFolderID: ews.FolderID(x.ParentFolderID), Kind: "Message", Class: x.ItemClass,
		Subject: x.Subject, InternetMessageID: x.InternetMessageID, Size: x.Size, Importance: x.Importance,
		Received: at(x.Received), Sent: at(x.Sent), IsRead: x.IsRead, HasAttachments: x.HasAttachments,
	}
	it.From.Name = x.From.Mailbox.Name
	for _, p := range x.Extended {
		tag, err := strconv.ParseUint(p.Field.Tag, 0, 16)
		require.NoError(t, err)
		it.Extended = append(it.Extended, ews.ExtendedProperty{
			Field: ews.ExtendedField{Tag: uint16(tag), Type: ews.PropertyType(p.Field.Type)}, Value: p.Value,
		})
	}
	return it
}
