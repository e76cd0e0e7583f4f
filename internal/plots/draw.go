package main

import (
	"bytes"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// width and height of a chart, as it appears on a page of text.
const (
	width  = 16 * vg.Centimeter
	height = 10 * vg.Centimeter
)

// draw returns the chart as SVG.
func (c chart) draw(lines []line) ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = color.White // charts are also shown on dark pages
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.XLabel, c.YLabel
	p.Title.Padding = vg.Points(6)
	p.Title.TextStyle.Font.Size = vg.Points(11) // fits the width
	p.Y.Min = 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding = vg.Points(2)
	if c.Log {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	p.Add(plotter.NewGrid())
	for i, l := range lines {
		if err := c.add(p, l, plotutil.Color(i)); err != nil {
			return nil, err
		}
	}
	p.Y.Max *= 1 + max(c.Room, 0.1)
	if !c.Log {
		p.X.Max += (p.X.Max - p.X.Min) / 12 // keeps the last points off the edge, and makes the last number fit
	}
	w, err := p.WriterTo(width, height, "svg")
	if err != nil {
		return nil, err
	}
	var svg bytes.Buffer
	_, err = w.WriteTo(&svg)
	return svg.Bytes(), err
}

// add draws a line, its range, and its bound.
func (c chart) add(p *plot.Plot, l line, in color.Color) error {
	var median, bound plotter.XYs
	spread := make(plotter.YErrors, len(l.points))
	for i, at := range l.points {
		median = append(median, plotter.XY{X: at.x, Y: at.y})
		bound = append(bound, plotter.XY{X: at.x, Y: at.bound})
		spread[i].Low, spread[i].High = at.y-at.least, at.most-at.y
	}
	drawn, dots, err := plotter.NewLinePoints(median)
	if err != nil {
		return err
	}
	drawn.Color, dots.Color, drawn.Width = in, in, vg.Points(1.5)
	bars, err := plotter.NewYErrorBars(struct {
		plotter.XYer
		plotter.YErrorer
	}{median, spread})
	if err != nil {
		return err
	}
	bars.Color = in
	p.Add(drawn, dots, bars)
	if l.name != "" {
		p.Legend.Add(l.name, drawn, dots)
	}
	if c.Bound == "" {
		return nil
	}
	limit, err := plotter.NewLine(bound)
	if err != nil {
		return err
	}
	limit.Color, limit.Dashes = in, []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(limit)
	name := "bound"
	if l.name != "" {
		name = l.name + ", bound"
	}
	p.Legend.Add(name, limit)
	return nil
}
