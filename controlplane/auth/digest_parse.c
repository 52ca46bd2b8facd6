// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/auth/digest.h"
#include "controlplane/base/hex.h"
#include "controlplane/sip/lex.h"

enum param {
	USERNAME,
	REALM,
	NONCE,
	URI,
	RESPONSE,
	CNONCE,
	NC,
	ALGORITHM,
	QOP,
	PARAM_COUNT,
};

#define NEEDED(param) ((param) <= RESPONSE)

static const struct str names[PARAM_COUNT] = {
	[USERNAME] = STR("username"),
	[REALM] = STR("realm"),
	[NONCE] = STR("nonce"),
	[URI] = STR("uri"),
	[RESPONSE] = STR("response"),
	[CNONCE] = STR("cnonce"),
	[NC] = STR("nc"),
	[ALGORITHM] = STR("algorithm"),
	[QOP] = STR("qop"),
};

static struct str skip(struct str s, size_t octets)
{
	return str_of(s.at + octets, s.len - octets);
}

static bool is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The octets between the quotes; *rest starts at the first of them and goes on after the last one.
static int take_quoted(struct str *value, struct str *rest)
{
	size_t i = 0;

	while (i < rest->len && rest->at[i] != '"')
		i += rest->at[i] == '\\' ? 2 : 1;
	if (i >= rest->len)
		return -EINVAL;
	*value = str_of(rest->at, i);
	*rest = skip(*rest, i + 1);
	return 0;
}

static void take_word(struct str *value, struct str *rest)
{
	size_t i = 0;

	while (i < rest->len && rest->at[i] != ',' && rest->at[i] != '"' && !is_lws(rest->at[i]))
		i++;
	*value = str_of(rest->at, i);
	*rest = skip(*rest, i);
}

// The next name=value; *value is without its quotes. Phones are not particular about which values they
// quote, so either form is taken. Returns 0; -ENOENT at the end; -EINVAL.
static int next_param(struct str *name, struct str *value, struct str *rest)
{
	*rest = str_trim(*rest);
	while (rest->len > 0 && rest->at[0] == ',')
		*rest = str_trim(skip(*rest, 1));
	if (rest->len == 0)
		return -ENOENT;
	*name = str_trim(str_cut(rest, '='));
	if (str_is_none(*rest) || !sip_is_token(*name))
		return -EINVAL;
	*rest = str_trim(*rest);
	if (rest->len > 0 && rest->at[0] == '"') {
		*rest = skip(*rest, 1);
		if (take_quoted(value, rest) < 0)
			return -EINVAL;
	} else {
		take_word(value, rest);
	}
	*rest = str_trim(*rest);
	return (rest->len == 0 || rest->at[0] == ',') && sip_is_clean(*value) ? 0 : -EINVAL;
}

// A quoted-pair stands for its second octet (RFC 3261 §25.1).
static int unescape(struct digest_credentials *out, struct str *value)
{
	char *at = out->unescaped + out->unescaped_bytes;
	size_t len = 0;

	if (str_index(*value, '\\') == value->len)
		return 0;
	if (value->len > sizeof(out->unescaped) - out->unescaped_bytes)
		return -EINVAL;
	for (size_t i = 0; i < value->len; i++) {
		i += value->at[i] == '\\';
		at[len++] = value->at[i];
	}
	out->unescaped_bytes += (uint16_t)len;
	*value = str_of(at, len);
	return 0;
}

static unsigned int find_param(struct str name)
{
	unsigned int i = 0;

	while (i < PARAM_COUNT && !str_equal_nocase(name, names[i]))
		i++;
	return i;
}

static int read_params(
	struct digest_credentials *out, struct str values[static PARAM_COUNT], struct str rest)
{
	struct str name, value;
	int rc;

	while ((rc = next_param(&name, &value, &rest)) == 0) {
		unsigned int param = find_param(name);

		if (param == PARAM_COUNT)
			continue;
		if (!str_is_none(values[param]) || unescape(out, &value) < 0)
			return -EINVAL;
		values[param] = value;
	}
	return rc == -ENOENT ? 0 : rc;
}

static int read_nc(struct digest_credentials *out)
{
	uint8_t octets[4];

	if (hex_read(octets, sizeof(octets), out->nc) < 0)
		return -EINVAL;
	out->nc_value = (uint32_t)octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3];
	return 0;
}

static int judge_response(const struct digest_credentials *out)
{
	uint8_t octets[DIGEST_BYTES_MAX];
	unsigned int bytes;

	if (out->algorithm == DIGEST_ALGORITHM_COUNT)
		return 0;
	bytes = digest_hash_bytes(digest_algorithm_hash(out->algorithm));
	return hex_read(octets, bytes, out->response);
}

// RFC 7616 §3.4: cnonce and nc belong to qop; a session has a cnonce anyhow (§3.4.2).
static int judge_qop(struct digest_credentials *out, struct str qop)
{
	out->qop = DIGEST_QOP_NONE;
	if (!str_is_none(qop))
		out->qop = str_equal_nocase(qop, STR("auth")) ? DIGEST_QOP_AUTH : DIGEST_QOP_OTHER;
	if ((out->qop == DIGEST_QOP_AUTH || digest_algorithm_is_sess(out->algorithm))
		&& str_is_none(out->cnonce))
		return -EINVAL;
	return out->qop == DIGEST_QOP_AUTH ? read_nc(out) : 0;
}

static int judge(struct digest_credentials *out, const struct str values[static PARAM_COUNT])
{
	for (unsigned int i = 0; i < PARAM_COUNT; i++) {
		if (NEEDED(i) && str_is_none(values[i]))
			return -EINVAL;
	}
	out->username = values[USERNAME];
	out->nonce = values[NONCE];
	out->uri = values[URI];
	out->response = values[RESPONSE];
	out->cnonce = values[CNONCE];
	out->nc = values[NC];
	out->algorithm = str_is_none(values[ALGORITHM]) ? DIGEST_MD5
							: digest_algorithm_find(values[ALGORITHM]);
	if (judge_response(out) < 0)
		return -EINVAL;
	return judge_qop(out, values[QOP]);
}

int digest_parse(struct digest_credentials *out, struct str value)
{
	struct str values[PARAM_COUNT] = {0};
	int rc;

	value = str_trim(value);
	out->username = out->realm = STR_NONE;
	out->unescaped_bytes = 0;
	out->nc_value = 0;
	if (!str_starts_nocase(value, STR("Digest")) || (value.len > 6 && !is_lws(value.at[6])))
		return -ENOENT;
	if (value.len > DIGEST_TEXT_MAX)
		return -EINVAL;
	rc = read_params(out, values, skip(value, 6));
	out->realm = values[REALM];
	return rc < 0 ? rc : judge(out, values);
}
