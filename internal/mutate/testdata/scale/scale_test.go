package scale

import "testing"

func TestWay(t *testing.T) {
	if Way("sea", 2000) != "by sea" || Way("sea", 1) != "by air" || Way("land", 2000) != "by air" {
		t.Error("wrong way")
	}
}

func TestKnown(t *testing.T) {
	if !Known("LEAF") || Known("card") {
		t.Error("wrong label")
	}
}

func TestSpoons(t *testing.T) {
	if Spoons(10) != 0 || Spoons(50) != 2 {
		t.Error("wrong number")
	}
}

func TestExplore(t *testing.T) {
	if kind, known := Kind("card", 10); kind != "card" || !known {
		t.Error("a card: lost=1")
	}
	if kind, _ := Kind("", 30); kind != "parcel" {
		t.Error("not a parcel")
	}
}
