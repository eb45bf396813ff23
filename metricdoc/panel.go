// SPDX-License-Identifier: Apache-2.0

package metricdoc

// panel is the JSON of a panel or of a row, as far as it is used here.
type panel struct {
	ID              uint32       `json:"id"`
	Type            string       `json:"type"`
	Title           string       `json:"title"`
	Description     string       `json:"description,omitempty"`
	GridPos         place        `json:"gridPos"`
	Datasource      *source      `json:"datasource,omitempty"`
	Targets         []target     `json:"targets,omitempty"`
	FieldConfig     *fieldConfig `json:"fieldConfig,omitempty"`
	Options         any          `json:"options,omitempty"`
	Transformations []any        `json:"transformations,omitempty"`

	// Collapsed and Panels are those of a row, which must have both.
	Collapsed *bool     `json:"collapsed,omitempty"`
	Panels    *[]*panel `json:"panels,omitempty"`

	place place // its width
}

type place struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type target struct {
	RefID        string  `json:"refId"`
	Datasource   *source `json:"datasource"`
	Expr         string  `json:"expr"`
	LegendFormat string  `json:"legendFormat,omitempty"`
	Format       string  `json:"format,omitempty"`
	Instant      bool    `json:"instant,omitempty"`
	Range        bool    `json:"range,omitempty"`
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []any         `json:"overrides"`
}

type fieldDefaults struct {
	Unit   string         `json:"unit,omitempty"`
	Min    *float64       `json:"min,omitempty"`
	Custom map[string]any `json:"custom,omitempty"`
}

// object is a part of the JSON with keys of its own. The encoder sorts them.
type object = map[string]any

// query is an expression with the legend of its series.
type query struct{ expr, legend string }

func targets(format string, queries []query) (list []target) {
	for i, q := range queries {
		t := target{
			RefID: string(rune('A' + i)), Datasource: prometheus(), Expr: q.expr, LegendFormat: q.legend,
			Format: format, Range: true,
		}
		list = append(list, t)
	}
	return list
}

// lines returns a panel with a line for each series.
func lines(title, unit string, fromZero bool, queries ...query) *panel {
	defaults := fieldDefaults{Unit: unit, Custom: object{"fillOpacity": 10, "lineWidth": 1, "showPoints": "auto"}}
	if fromZero {
		defaults.Min = new(float64)
	}
	return &panel{
		Type: "timeseries", Title: title, Datasource: prometheus(), Targets: targets("time_series", queries),
		FieldConfig: &fieldConfig{Defaults: defaults, Overrides: []any{}},
		Options: object{
			"legend":  object{"calcs": []string{}, "displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		},
		place: place{W: 8},
	}
}

// heatMap returns a panel of buckets over time.
func heatMap(title, unit, expr string) *panel {
	return &panel{
		Type: "heatmap", Title: title, Datasource: prometheus(),
		Targets: targets("heatmap", []query{{expr, "{{le}}"}}),
		FieldConfig: &fieldConfig{
			Defaults: fieldDefaults{
				Custom: object{"hideFrom": object{"legend": false, "tooltip": false, "viz": false}},
			},
			Overrides: []any{},
		},
		Options: object{
			"calculate": false,
			"cellGap":   1,
			"color": object{"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": false,
				"scale": "exponential", "scheme": "Oranges", "steps": 64},
			"exemplars":    object{"color": "rgba(255,0,255,0.7)"},
			"filterValues": object{"le": 1e-9},
			"legend":       object{"show": true},
			"rowsFrame":    object{"layout": "auto"},
			"showValue":    "never",
			"tooltip":      object{"mode": "single", "showColorScale": false, "yHistogram": false},
			"yAxis":        object{"axisPlacement": "left", "reverse": false, "unit": unit},
		},
		place: place{W: 8},
	}
}

// table returns a panel with a line for each series and a column for each label.
func table(title, expr string) *panel {
	return &panel{
		Type: "table", Title: title, Datasource: prometheus(),
		Targets: []target{{
			RefID: "A", Datasource: prometheus(), Expr: expr, Format: "table", Instant: true,
		}},
		FieldConfig: &fieldConfig{Overrides: []any{}},
		Options:     object{"cellHeight": "sm", "frameIndex": 0, "showHeader": true},
		Transformations: []any{object{
			"id": "organize", "options": object{"excludeByName": object{"Time": true, "Value": true, "__name__": true}},
		}},
		place: place{W: columns},
	}
}
