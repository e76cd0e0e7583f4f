package ewsschema

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// wsdl writes the operations, as WSDL 1.1 with SOAP 1.1 over HTTP. The names of messages
// and parts are those known to proxies generated from Microsoft's file.
// See https://www.w3.org/TR/wsdl.
func (d *describer) wsdl(operations []string, address string) []byte {
	e := &xmlwire.Encoder{}
	open := func(name string, attrs ...string) {
		e.Open(name)
		for i := 0; i+1 < len(attrs); i += 2 {
			e.Attr(attrs[i], attrs[i+1])
		}
	}
	empty := func(name string, attrs ...string) { open(name, attrs...); e.Close() }
	headers := Headers(d.version)
	e.Declaration()
	open("wsdl:definitions", "xmlns:wsdl", "http://schemas.xmlsoap.org/wsdl/", "xmlns:soap", "http://schemas.xmlsoap.org/wsdl/soap/",
		"xmlns:xs", "http://www.w3.org/2001/XMLSchema", "xmlns:tns", xmlwire.URIMessages, "xmlns:t", xmlwire.URITypes, "targetNamespace", xmlwire.URIMessages)
	open("wsdl:types")
	open("xs:schema")
	empty("xs:import", "namespace", xmlwire.URIMessages, "schemaLocation", "messages.xsd")
	empty("xs:import", "namespace", xmlwire.URITypes, "schemaLocation", "types.xsd")
	e.Close()
	e.Close()
	for _, name := range operations {
		open("wsdl:message", "name", name+"SoapIn")
		empty("wsdl:part", "name", "request", "element", "tns:"+name)
		for _, h := range headers {
			empty("wsdl:part", "name", partOf(h), "element", "t:"+h)
		}
		e.Close()
		open("wsdl:message", "name", name+"SoapOut")
		empty("wsdl:part", "name", name+"Result", "element", "tns:"+name+"Response")
		empty("wsdl:part", "name", "ServerVersion", "element", "t:ServerVersionInfo")
		e.Close()
	}
	open("wsdl:portType", "name", "ExchangeServicePortType")
	for _, name := range operations {
		open("wsdl:operation", "name", name)
		empty("wsdl:input", "message", "tns:"+name+"SoapIn")
		empty("wsdl:output", "message", "tns:"+name+"SoapOut")
		e.Close()
	}
	e.Close()
	open("wsdl:binding", "name", "ExchangeServiceBinding", "type", "tns:ExchangeServicePortType")
	empty("soap:binding", "style", "document", "transport", "http://schemas.xmlsoap.org/soap/http")
	for _, name := range operations {
		open("wsdl:operation", "name", name)
		empty("soap:operation", "soapAction", xmlwire.URIMessages+"/"+name)
		open("wsdl:input")
		for _, h := range headers {
			empty("soap:header", "message", "tns:"+name+"SoapIn", "part", partOf(h), "use", "literal")
		}
		empty("soap:body", "parts", "request", "use", "literal")
		e.Close()
		open("wsdl:output")
		empty("soap:body", "parts", name+"Result", "use", "literal")
		empty("soap:header", "message", "tns:"+name+"SoapOut", "part", "ServerVersion", "use", "literal")
		e.Close()
		e.Close()
	}
	e.Close()
	open("wsdl:service", "name", "ExchangeService")
	open("wsdl:port", "name", "ExchangeServicePort", "binding", "tns:ExchangeServiceBinding")
	empty("soap:address", "location", address)
	for range 3 {
		e.Close()
	}
	return e.Bytes()
}

// partOf returns the name of the message part for a header.
func partOf(header string) string {
	switch header {
	case "ExchangeImpersonation":
		return "Impersonation"
	case "RequestServerVersion":
		return "RequestVersion"
	}
	return header
}
