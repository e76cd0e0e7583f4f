package xmlwire_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// page is a FindItem page of n items, as a server sends it.
func page(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`<s:Envelope xmlns:s="` + xmlwire.URISOAP + `"><s:Body><m:FindItemResponse xmlns:m="` + xmlwire.URIMessages + `" xmlns:t="` + xmlwire.URITypes + `"><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder IncludesLastItemInRange="true"><t:Items>`)
	for i := range n {
		fmt.Fprintf(&b, `<t:Message><t:ItemId Id="AAMkAGI2TG93AAA%0100d=" ChangeKey="CQAAABYAAACwvB%04d"/><t:ParentFolderId Id="AAMkAGI2TG93AAA%060d=" ChangeKey="AQAAAA=="/><t:ItemClass>IPM.Note</t:ItemClass><t:Subject>Invoice %d &amp; more</t:Subject><t:DateTimeReceived>2026-11-25T10:%02d:00Z</t:DateTimeReceived><t:Size>%d</t:Size><t:InternetMessageId>&lt;%d@example.test&gt;</t:InternetMessageId><t:IsRead>false</t:IsRead></t:Message>`, i, i%10000, 7, i, i%60, 1000+i, i)
	}
	b.WriteString(`</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse></s:Body></s:Envelope>`)
	return b.Bytes()
}

func BenchmarkPage(b *testing.B) {
	doc := page(1000)
	type item struct {
		id, key, parent, class, subject, messageID string
		size                                       int64
		read                                       bool
		received                                   int64
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		d := xmlwire.NewDecoder(bytes.NewReader(doc), xmlwire.Limits{})
		items := make([]item, 0, 1000)
		var walk func()
		walk = func() {
			for depth := d.Depth(); d.NextChild(depth); {
				if d.Local() != "Message" {
					walk()
					continue
				}
				var it item
				for depth := d.Depth(); d.NextChild(depth); {
					switch d.Local() {
					case "ItemId":
						it.id, _ = d.Attr("Id")
						it.key, _ = d.Attr("ChangeKey")
					case "ParentFolderId":
						it.parent = d.AttrInterned("Id")
					case "ItemClass":
						it.class = d.TextInterned()
					case "Subject":
						it.subject = d.Text()
					case "DateTimeReceived":
						it.received = d.Time().Unix()
					case "Size":
						it.size = d.Int64()
					case "InternetMessageId":
						it.messageID = d.Text()
					case "IsRead":
						it.read = d.Bool()
					}
				}
				items = append(items, it)
			}
		}
		walk()
		if err := d.Finish(); err != nil || len(items) != 1000 {
			b.Fatal(err, len(items))
		}
	}
}

// BenchmarkPageStandard reads the same page with encoding/xml, for comparison.
func BenchmarkPageStandard(b *testing.B) {
	doc := page(1000)
	type id struct {
		ID  string `xml:"Id,attr"`
		Key string `xml:"ChangeKey,attr"`
	}
	type envelope struct {
		Items []struct {
			ItemID    id     `xml:"ItemId"`
			Parent    id     `xml:"ParentFolderId"`
			Class     string `xml:"ItemClass"`
			Subject   string
			Received  string `xml:"DateTimeReceived"`
			Size      int64
			MessageID string `xml:"InternetMessageId"`
			IsRead    bool
		} `xml:"Body>FindItemResponse>ResponseMessages>FindItemResponseMessage>RootFolder>Items>Message"`
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		var e envelope
		if err := xml.Unmarshal(doc, &e); err != nil || len(e.Items) != 1000 {
			b.Fatal(err, len(e.Items))
		}
	}
}

func BenchmarkSkip(b *testing.B) {
	doc := page(1000)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := xmlwire.NewDecoder(bytes.NewReader(doc), xmlwire.Limits{}).Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTextReader(b *testing.B) {
	const size = 16 << 20
	forms := map[string]string{
		"one line":   strings.Repeat("QUJD", size/4),
		"CR LF":      strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", size/78),
		"ampersands": strings.Repeat("&amp;", size/5),
	}
	for name, text := range forms {
		doc := "<r>" + text + "</r>"
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				d := xmlwire.NewDecoder(strings.NewReader(doc), xmlwire.Limits{})
				d.NextChild(0)
				if _, err := io.Copy(io.Discard, d.TextReader(false)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHostile measures documents that an attacker designed to be expensive.
func BenchmarkHostile(b *testing.B) {
	const size = 4 << 20
	docs := map[string]string{
		"comment":         "<r><!--" + strings.Repeat("-", size) + "--></r>",
		"comment of >":    "<r><!--" + strings.Repeat("->", size/2) + "--></r>",
		"CDATA":           "<r><![CDATA[" + strings.Repeat("]", size) + "]]></r>",
		"ampersands":      "<r>" + strings.Repeat("&", size) + "</r>",
		"half references": "<r>" + strings.Repeat("&#x1", size/4) + "</r>",
		"names":           "<r>" + distinct(size) + "</r>",
		"attributes":      "<r>" + strings.Repeat("<a"+strings.Repeat(" b=''", 256)+"/>", size/1284) + "</r>",
		"declarations":    "<r" + declarations(250) + ">" + strings.Repeat("<q:a/>", size/6) + "</r>",
	}
	for name, doc := range docs {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				for _, strict := range []bool{false, true} {
					d := xmlwire.NewDecoder(strings.NewReader(doc), xmlwire.Limits{Strict: strict})
					d.NextChild(0)
					_ = d.Text()
				}
			}
		})
	}
}

func distinct(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "<a%d/>", i)
	}
	return b.String()
}

func declarations(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " xmlns:p%d='u'", i)
	}
	return b.String()
}

func BenchmarkEncoder(b *testing.B) {
	text := strings.Repeat("An ordinary subject & some more, ", 4)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)) * 100)
	for b.Loop() {
		var e xmlwire.Encoder
		e.Open("r")
		for range 100 {
			e.Leaf("t:Subject", text)
		}
		e.Close()
		if e.Err() != nil {
			b.Fatal(e.Err())
		}
	}
}
