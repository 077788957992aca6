/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value that arrives in pieces.
 */
#ifndef MN_REST_JSON_READER_H
#define MN_REST_JSON_READER_H

#include "rest/json.h"

struct mn_json_reader;

struct mn_json_reader *mn_json_reader_new(void);         /* NULL: no memory */
void mn_json_reader_free(struct mn_json_reader *reader); /* NULL-safe */
void mn_json_reader_add(struct mn_json_reader *reader, struct mn_slice bytes);
/* After the last piece: the value, which the caller frees; NULL when the
   pieces are not one JSON value. */
struct mn_json *mn_json_reader_take(struct mn_json_reader *reader);

#endif
