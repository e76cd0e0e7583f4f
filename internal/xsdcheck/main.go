// Command xsdcheck checks EWS requests and responses against Microsoft's published
// schemas with xmllint, many at once.
//
//	xsdcheck -schema soap.xsd PATH...
//
// A path is an XML file, or a directory whose *.xml files are all checked. The files that
// package ewstest writes under EWSTEST_CAPTURE are understood: of a pair
// N-Operation-request.xml and N-Operation-response.xml, a request that the server refused
// for not matching the schema is left out, because tests send such requests on purpose.
// This check and the comparison in package ewsschema together show that the server is
// right to accept the other requests, and refuses no valid one.
//
// Responses may contain characters that XML 1.0 forbids, because real ones do. They are
// replaced before the check. Files without a SOAP envelope are left out. The number of
// files left out is printed with the reasons. Of identical files, one is checked.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	schema := flag.String("schema", "", "`FILE` with the schema of a SOAP envelope")
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
