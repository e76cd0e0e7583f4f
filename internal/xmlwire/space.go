package xmlwire

// Space is the namespace of an element, if it is one that EWS uses.
type Space uint8

// The namespaces of EWS and Autodiscover.
const (
	SpaceOther        Space = iota // any other namespace, or an undeclared prefix
	SpaceNone                      // no namespace
	SpaceSOAP                      // SOAP 1.1 envelope
	SpaceTypes                     // EWS types, prefix t
	SpaceMessages                  // EWS messages, prefix m
	SpaceErrors                    // details of EWS faults, prefix e
	SpaceAutodiscover              // SOAP Autodiscover
	SpaceInstance                  // XML Schema instance, prefix xsi
	SpaceXML                       // the namespace of the prefix xml
)

// URIs of the namespaces.
const (
	URISOAP         = "http://schemas.xmlsoap.org/soap/envelope/"
	URITypes        = "http://schemas.microsoft.com/exchange/services/2006/types"
	URIMessages     = "http://schemas.microsoft.com/exchange/services/2006/messages"
	URIErrors       = "http://schemas.microsoft.com/exchange/services/2006/errors"
	URIAutodiscover = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
	URIInstance     = "http://www.w3.org/2001/XMLSchema-instance"
	URIXML          = "http://www.w3.org/XML/1998/namespace"
)

func spaceOf(uri []byte) Space {
	switch string(uri) {
	case "":
		return SpaceNone
	case URISOAP:
		return SpaceSOAP
	case URITypes:
		return SpaceTypes
	case URIMessages:
		return SpaceMessages
	case URIErrors:
		return SpaceErrors
	case URIAutodiscover:
		return SpaceAutodiscover
	case URIInstance:
		return SpaceInstance
	case URIXML:
		return SpaceXML
	}
	return SpaceOther
}
