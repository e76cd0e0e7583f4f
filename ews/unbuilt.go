package ews

import "errors"

var errUnbuilt = errors.New("ews: not built yet")
