package main

import (
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
