/*
 * head_tables — which bytes may stand where, and the fields known by name
 */
#include "codec/head_impl.h"

#define V GU_BYTE_VALUE                         /* in values only */
#define F (V | GU_BYTE_TOKEN)                   /* "#" */
#define P (V | GU_BYTE_TARGET)                  /* what separates parts of a target */
#define T (P | GU_BYTE_TOKEN)                   /* token bytes that no host has */
#define R (P | GU_BYTE_REGNAME)                 /* bytes of hosts that no token has */
#define M (P | GU_BYTE_TOKEN | GU_BYTE_REGNAME) /* letters and marks */
#define X (M | GU_BYTE_HEX)
#define D (X | GU_BYTE_DIGIT)

/* clang-format off */
const uint8_t gu_byte_class[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0, /* controls */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
    V, M, P, F, M, T, M, M, R, R, M, M, P, M, M, P, /* !"#$%&'()*+,-./ */
    D, D, D, D, D, D, D, D, D, D, P, R, P, R, P, P, /* 0123456789:;<=>? */
    P, X, X, X, X, X, X, M, M, M, M, M, M, M, M, M, /* @ABCDEFGHIJKLMNO */
    M, M, M, M, M, M, M, M, M, M, M, P, P, P, T, M, /* PQRSTUVWXYZ[\]^_ */
    T, X, X, X, X, X, X, M, M, M, M, M, M, M, M, M, /* `abcdefghijklmno */
    M, M, M, M, M, M, M, M, M, M, M, P, T, P, M, 0, /* pqrstuvwxyz{|}~ */
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
    V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
};

const struct gu_field_name gu_field_names[32] = {
    [0] = {"expect", 6, GU_FIELD_EXPECT},
    [2] = {"content-encoding", 16, GU_FIELD_CONTENT_ENCODING},
    [4] = {"host", 4, GU_FIELD_HOST},
    [5] = {"transfer-encoding", 17, GU_FIELD_TRANSFER_ENCODING},
    [7] = {"x-forwarded-for", 15, GU_FIELD_X_FORWARDED_FOR},
    [8] = {"connection", 10, GU_FIELD_CONNECTION},
    [13] = {"x-forwarded-proto", 17, GU_FIELD_X_FORWARDED_PROTO},
    [16] = {"cookie", 6, GU_FIELD_COOKIE},
    [20] = {"content-length", 14, GU_FIELD_CONTENT_LENGTH},
    [21] = {"upgrade", 7, GU_FIELD_UPGRADE},
    [22] = {"content-type", 12, GU_FIELD_CONTENT_TYPE},
    [24] = {"accept", 6, GU_FIELD_ACCEPT},
    [25] = {"x-real-ip", 9, GU_FIELD_X_REAL_IP},
    [28] = {"x-scheme", 8, GU_FIELD_X_SCHEME},
    [29] = {"accept-encoding", 15, GU_FIELD_ACCEPT_ENCODING},
    [31] = {"if-none-match", 13, GU_FIELD_IF_NONE_MATCH},
};
/* clang-format on */
