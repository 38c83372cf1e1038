package pgbinary

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// HasText tells whether AppendText knows the type.
func HasText(oid uint32) bool {
	if texters[oid] != nil {
		return true
	}
	element, ok := Type{OID: oid, Typmod: -1}.Element()
	return ok && texters[element.OID] != nil
}

// AppendText appends the text of a binary value, exactly as a server with our session
// settings prints it. It returns false for types it does not know and for damaged values.
func AppendText(dst []byte, oid uint32, value []byte) ([]byte, bool) {
	if texter := texters[oid]; texter != nil {
		return texter(dst, value)
	}
	if element, ok := (Type{OID: oid, Typmod: -1}).Element(); ok && texters[element.OID] != nil {
		return appendArray(dst, element.OID, value)
	}
	return dst, false
}

type texter func(dst, value []byte) ([]byte, bool)

// texters know the types whose text does not depend on the server's locale or tables.
var texters = map[uint32]texter{
	OIDBool: boolText, OIDBytea: byteaText, OIDChar: charText, OIDName: sameText, OIDText: sameText,
	OIDVarchar: sameText, OIDBpchar: sameText, OIDJSON: sameText, OIDXML: sameText, OIDJSONB: jsonbToText,
	OIDInt2: intText(2), OIDInt4: intText(4), OIDInt8: intText(8),
	OIDOid: uintText(4), OIDXid: uintText(4), OIDCid: uintText(4), OIDXid8: uintText(8), OIDPgLsn: lsnText,
	OIDFloat4: float4Text, OIDFloat8: float8Text, OIDNumeric: numericText, OIDUUID: uuidToText,
	OIDDate: dateText, OIDTime: clockText, OIDTimetz: timetzText, OIDTimestamp: stampText, OIDTimestamptz: stampTZText,
	OIDInterval: intervalText, OIDInet: inetText, OIDCidr: cidrText, OIDMacaddr: macText(6), OIDMacaddr8: macText(8),
	OIDBit: bitText, OIDVarbit: bitText,
}

func sameText(dst, v []byte) ([]byte, bool) { return append(dst, v...), utf8.Valid(v) }

func boolText(dst, v []byte) ([]byte, bool) {
	if len(v) != 1 {
		return dst, false
	}
	if v[0] != 0 {
		return append(dst, 't'), true
	}
	return append(dst, 'f'), true
}

func byteaText(dst, v []byte) ([]byte, bool) {
	return hex.AppendEncode(append(dst, `\x`...), v), true
}

func jsonbToText(dst, v []byte) ([]byte, bool) {
	if !isJSONB(v) {
		return dst, false
	}
	return append(dst, v[1:]...), true
}

func intText(size int) texter {
	return func(dst, v []byte) ([]byte, bool) {
		if len(v) != size {
			return dst, false
		}
		return strconv.AppendInt(dst, signed(v), 10), true
	}
}

// signed reads a two's complement integer of 2, 4 or 8 bytes.
func signed(v []byte) int64 {
	switch len(v) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	default:
		return int64(binary.BigEndian.Uint64(v))
	}
}

func uintText(size int) texter {
	return func(dst, v []byte) ([]byte, bool) {
		switch {
		case len(v) != size:
			return dst, false
		case size == 4:
			return strconv.AppendUint(dst, uint64(binary.BigEndian.Uint32(v)), 10), true
		default:
			return strconv.AppendUint(dst, binary.BigEndian.Uint64(v), 10), true
		}
	}
}

func lsnText(dst, v []byte) ([]byte, bool) {
	if len(v) != 8 {
		return dst, false
	}
	dst = appendUpperHex(dst, binary.BigEndian.Uint32(v))
	return appendUpperHex(append(dst, '/'), binary.BigEndian.Uint32(v[4:])), true
}

func appendUpperHex(dst []byte, n uint32) []byte {
	at := len(dst)
	dst = strconv.AppendUint(dst, uint64(n), 16)
	for i := at; i < len(dst); i++ {
		if dst[i] >= 'a' {
			dst[i] -= 'a' - 'A'
		}
	}
	return dst
}

func float4Text(dst, v []byte) ([]byte, bool) {
	if len(v) != 4 {
		return dst, false
	}
	return appendFloat(dst, float64(math.Float32frombits(binary.BigEndian.Uint32(v))), 32), true
}

func float8Text(dst, v []byte) ([]byte, bool) {
	if len(v) != 8 {
		return dst, false
	}
	return appendFloat(dst, math.Float64frombits(binary.BigEndian.Uint64(v)), 64), true
}

func numericText(dst, v []byte) ([]byte, bool) {
	n, ok := readNumeric(v)
	if !ok {
		return dst, false
	}
	return n.appendText(dst), true
}

func uuidToText(dst, v []byte) ([]byte, bool) {
	if len(v) != 16 {
		return dst, false
	}
	for i, part := range [][]byte{v[:4], v[4:6], v[6:8], v[8:10], v[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst, true
}

func macText(size int) texter {
	return func(dst, v []byte) ([]byte, bool) {
		if len(v) != size {
			return dst, false
		}
		for i := range v {
			if i > 0 {
				dst = append(dst, ':')
			}
			dst = hex.AppendEncode(dst, v[i:i+1])
		}
		return dst, true
	}
}

func bitText(dst, v []byte) ([]byte, bool) {
	if len(v) < 4 || len(v)-4 != (int(binary.BigEndian.Uint32(v))+7)/8 {
		return dst, false
	}
	for i := range int(binary.BigEndian.Uint32(v)) {
		dst = append(dst, '0'+v[4+i/8]>>(7-i%8)&1)
	}
	return dst, true
}

func inetText(dst, v []byte) ([]byte, bool) { return appendInet(dst, v, false) }
func cidrText(dst, v []byte) ([]byte, bool) { return appendInet(dst, v, true) }

// appendInet prints family, bits, is-cidr, length and address (network.c). A whole
// address goes without its prefix length, but in cidr.
func appendInet(dst, v []byte, always bool) ([]byte, bool) {
	if len(v) < 4 || len(v) != 4+int(v[3]) {
		return dst, false
	}
	addr, ok := netip.AddrFromSlice(v[4:])
	if !ok {
		return dst, false
	}
	if b := v[4:]; addr.Is6() && bytes.Equal(b[:12], make([]byte, 12)) && (b[12] != 0 || b[13] != 0) {
		// Only the last 32 bits are set: the server writes them like an IPv4 address.
		dst = netip.AddrFrom4([4]byte(b[12:])).AppendTo(append(dst, "::"...))
	} else {
		dst = addr.AppendTo(dst)
	}
	if always || int(v[1]) != addr.BitLen() {
		dst = strconv.AppendUint(append(dst, '/'), uint64(v[1]), 10)
	}
	return dst, true
}
