// Command xsdcheck holds EWS requests and responses against Microsoft's published
// schemas with xmllint, many at once.
//
//	xsdcheck -schema soap.xsd PATH...
//
// A path is an XML file, or a folder, in which all *.xml are checked. What
// package ewstest wrote under EWSTEST_CAPTURE is understood: of a pair
// N-Operation-request.xml and N-Operation-response.xml, a request that the server
// refused as not fitting the schema is left out, since tests send such requests
// on purpose; that the server is right to accept the others, and refuses none
// that fits, is what the check and the comparison in package ewsschema show.
//
// Responses may hold characters that XML 1.0 forbids, because real ones do. They
// are replaced before the check, and an answer that is no SOAP envelope at all is
// left out. How many were left out, and why, is printed.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	schema := flag.String("schema", "", "`FILE` of the schema of a SOAP envelope")
	flag.Parse()
	if *schema == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: xsdcheck -schema FILE PATH...")
		os.Exit(2)
	}
	report, err := check(*schema, flag.Args())
	fmt.Print(report)
	if err != nil {
		fmt.Fprintln(os.Stderr, "xsdcheck:", err)
		os.Exit(1)
	}
}
