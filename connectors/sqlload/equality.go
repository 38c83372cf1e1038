package sqlload

import (
	"strings"

	"leat/record"
)

// equality is which different writings a type calls equal.
type equality struct {
	// class is the same for types that agree; "" calls nothing equal but the same value.
	class string
	// example names two writings that are equal; "" where the type has one for each value.
	example string
}

// equalityOf knows the types by the first word of their names in PostgreSQL and DuckDB.
func equalityOf(typeName string) equality {
	base, modifiers, _ := strings.Cut(strings.ToLower(typeName), "(")
	switch strings.TrimSpace(base) {
	case "numeric", "decimal":
		if modifiers == "" {
			return equality{"number", "1.0 and 1.00"}
		}
		return equality{class: "number"}
	case "real", "double precision", "double", "float", "float32", "float64":
		return equality{"number", "-0 and 0"}
	case "smallint", "integer", "bigint", "int16", "int32", "int64", "tinyint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint", "bignum":
		return equality{class: "number"}
	case "interval":
		return equality{"interval", "1 month and 30 days"}
	case "citext":
		return equality{"citext", "a and A"}
	case "jsonb":
		return equality{"jsonb", "1.0 and 1.00"}
	default:
		return equality{}
	}
}

// equality is that of a column that stands.
func (c Column) equality() equality {
	if c.Collation != "" {
		return equality{"collation " + c.Collation, "texts that the collation " + c.Collation + " does not tell apart"}
	}
	return equalityOf(c.Type)
}

// compareKeys tells of unique columns whose values one end calls equal and the other does
// not. The target's equality decides which rows are one.
func (b *matcher) compareKeys() {
	if !b.Target.Mode.NeedsKey() {
		return
	}
	for _, name := range b.Target.Unique {
		column, known := b.Schema.Column(name)
		field, loaded := b.loaded(name)
		if !known || !loaded {
			continue
		}
		have := Column{Type: field.Type}
		if standing, ok := b.Existing.Column(field.Column); ok {
			have = standing
		}
		b.compareKey(column, have, equalityOf(nativeOf(column)), have.equality())
	}
}

func (b *matcher) compareKey(column record.Column, have Column, source, target equality) {
	switch {
	case source.class == target.class:
	case source.example != "":
		b.warn("The unique column %q is %s at the source, where %s are equal, and %s in %s, where they are not: a row whose key is written differently is another row there",
			column.Name, nativeOf(column), source.example, have.Type, b.Table)
	case target.example != "":
		b.warn("The unique column %q is %s at the source, and %s in %s, where %s are equal: rows that differ only in that are one row there",
			column.Name, nativeOf(column), have.Type, b.Table, target.example)
	}
}

// loaded is the field that a source column goes into.
func (b *matcher) loaded(source string) (Field, bool) {
	for _, field := range b.m.Spec.Fields {
		if field.Source == source && !field.Meta {
			return field, true
		}
	}
	return Field{}, false
}

// nativeOf is the type of a column in the words of its system, else its logical type.
func nativeOf(column record.Column) string {
	if column.Native != "" {
		return column.Native
	}
	return record.TypeName(column.Type)
}
