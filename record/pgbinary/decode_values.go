package pgbinary

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/extensions"
)

// decoderOf picks the decoder of a field by its type at the server and its builder.
func decoderOf(field Field, builder array.Builder) (fieldDecoder, error) {
	switch b := builder.(type) {
	case *array.StringBuilder:
		return textDecoder(field, b)
	case *extensions.UUIDBuilder:
		storage := b.StorageBuilder().(*array.FixedSizeBinaryBuilder)
		return sized(16, func(v []byte) bool { return true }, storage.Append), nil
	case *array.ExtensionBuilder:
		storage, ok := b.StorageBuilder().(*array.StringBuilder)
		if !ok {
			return fieldDecoder{}, fmt.Errorf("the Arrow type %s is unknown", b.Type())
		}
		return jsonDecoder(field, storage)
	case *array.Decimal128Builder:
		return decimalDecoder(b), nil
	}
	return plainDecoder(builder)
}

// plainDecoder is for types whose binary form has one size.
func plainDecoder(builder array.Builder) (fieldDecoder, error) {
	switch b := builder.(type) {
	case *array.BooleanBuilder:
		return sized(1, nil, func(v []byte) { b.Append(v[0] != 0) }), nil
	case *array.Int16Builder:
		return sized(2, nil, func(v []byte) { b.Append(int16(binary.BigEndian.Uint16(v))) }), nil
	case *array.Int32Builder:
		return sized(4, nil, func(v []byte) { b.Append(int32(binary.BigEndian.Uint32(v))) }), nil
	case *array.Int64Builder:
		return sized(8, nil, func(v []byte) { b.Append(int64(binary.BigEndian.Uint64(v))) }), nil
	case *array.Float32Builder:
		return sized(4, nil, func(v []byte) { b.Append(math.Float32frombits(binary.BigEndian.Uint32(v))) }), nil
	case *array.Float64Builder:
		return sized(8, nil, func(v []byte) { b.Append(math.Float64frombits(binary.BigEndian.Uint64(v))) }), nil
	case *array.BinaryBuilder:
		return fieldDecoder{append: b.Append}, nil
	case *array.Date32Builder:
		return sized(4, finiteDate, func(v []byte) { b.Append(arrow.Date32(int32(binary.BigEndian.Uint32(v)) + epochDays)) }), nil
	case *array.Time64Builder:
		return sized(8, beforeMidnight, func(v []byte) { b.Append(arrow.Time64(binary.BigEndian.Uint64(v))) }), nil
	case *array.TimestampBuilder:
		return sized(8, finiteTimestamp, func(v []byte) { b.Append(arrow.Timestamp(int64(binary.BigEndian.Uint64(v)) + epochMicros)) }), nil
	default:
		return fieldDecoder{}, fmt.Errorf("the Arrow type %s is unknown", builder.Type())
	}
}

// sized refuses values of another size, so that append may index freely.
func sized(size int, holds func([]byte) bool, add func([]byte)) fieldDecoder {
	return fieldDecoder{append: add, holds: func(v []byte) bool { return len(v) == size && (holds == nil || holds(v)) }}
}

// finiteDate refuses the infinities and the days that overflow the shift to 1970.
func finiteDate(v []byte) bool {
	days := int32(binary.BigEndian.Uint32(v))
	return days != math.MinInt32 && days <= math.MaxInt32-epochDays
}

// beforeMidnight refuses 24:00:00, which Arrow has no word for.
func beforeMidnight(v []byte) bool { return binary.BigEndian.Uint64(v) < dayMicros }

// finiteTimestamp refuses the infinities and years after 294246, which overflow when
// counted from 1970.
func finiteTimestamp(v []byte) bool {
	micros := int64(binary.BigEndian.Uint64(v))
	return micros != math.MinInt64 && micros <= math.MaxInt64-epochMicros
}

// decimalDecoder refuses NaN, the infinities, and numbers beyond the Arrow type.
func decimalDecoder(b *array.Decimal128Builder) fieldDecoder {
	t := b.Type().(*arrow.Decimal128Type)
	scale := int(t.Scale)
	var held decimal128.Num
	return fieldDecoder{
		holds: func(v []byte) bool {
			n, ok := readNumeric(v)
			if !ok || n.sign != numericPositive && n.sign != numericNegative {
				return false
			}
			held, ok = n.decimal(scale)
			return ok && held.FitsInPrecision(t.Precision)
		},
		append: func([]byte) { b.Append(held) },
	}
}

// decimal returns the number times 10^scale, false when digits would be lost.
func (n number10k) decimal(scale int) (decimal128.Num, bool) {
	if small, ok := n.small(scale); ok {
		return small, true
	}
	total, base := new(big.Int), big.NewInt(10_000)
	for i := range len(n.groups) / 2 {
		total.Mul(total, base).Add(total, big.NewInt(int64(n.group(n.weight-i))))
	}
	// The last group is worth 10000^(weight - groups + 1).
	shift := 4*(n.weight-len(n.groups)/2+1) + scale
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		total.Mul(total, power)
	} else if _, rest := total.QuoRem(total, power, new(big.Int)); rest.Sign() != 0 {
		return decimal128.Num{}, false
	}
	if total.BitLen() > 127 {
		return decimal128.Num{}, false
	}
	if n.sign == numericNegative {
		total.Neg(total)
	}
	return decimal128.FromBigInt(total), true
}

// pow10 holds the powers of ten that an int64 can.
var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// small is decimal for numbers of up to four groups, without big integers.
func (n number10k) small(scale int) (decimal128.Num, bool) {
	groups := len(n.groups) / 2
	shift := 4*(n.weight-groups+1) + scale
	if groups > 4 || shift < -18 || shift > 18 {
		return decimal128.Num{}, false
	}
	total := int64(0)
	for i := range groups {
		total = total*10_000 + int64(n.group(n.weight-i))
	}
	if shift < 0 {
		if total%pow10[-shift] != 0 {
			return decimal128.Num{}, false
		}
		total /= pow10[-shift]
	} else if total > math.MaxInt64/pow10[shift] {
		return decimal128.Num{}, false
	} else {
		total *= pow10[shift]
	}
	if n.sign == numericNegative {
		total = -total
	}
	return decimal128.FromI64(total), true
}

// jsonDecoder takes json as it is and jsonb without its version.
func jsonDecoder(field Field, b *array.StringBuilder) (fieldDecoder, error) {
	if field.OID == OIDJSONB {
		return fieldDecoder{holds: isJSONB, append: func(v []byte) { b.BinaryBuilder.Append(v[1:]) }}, nil
	}
	return fieldDecoder{holds: utf8.Valid, append: b.BinaryBuilder.Append, text: true}, nil
}

func isJSONB(v []byte) bool { return len(v) > 1 && v[0] == 1 }

// textDecoder writes the text of any type that AppendText knows.
func textDecoder(field Field, b *array.StringBuilder) (fieldDecoder, error) {
	if isText(field.OID) || field.OID == OIDName || field.OID == OIDJSON || field.OID == OIDXML || field.OID == OIDUnknown {
		return fieldDecoder{holds: utf8.Valid, append: b.BinaryBuilder.Append, text: true}, nil
	}
	if !HasText(field.OID) {
		return fieldDecoder{}, fmt.Errorf("%s has no text form here: read the column as text", Type{OID: field.OID, Typmod: field.Typmod})
	}
	var text []byte
	return fieldDecoder{
		holds:  func(v []byte) (ok bool) { text, ok = AppendText(text[:0], field.OID, v); return ok },
		append: func([]byte) { b.BinaryBuilder.Append(text) },
	}, nil
}
