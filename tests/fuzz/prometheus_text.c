/* SPDX-License-Identifier: MIT */
#include "prometheus_text.h"

#include "target.h"

struct reading {
    const char *at;
    const char *end;
};

static char peek(const struct reading *reading)
{
    return reading->at < reading->end ? *reading->at : '\0';
}

static void expect(struct reading *reading, char character)
{
    target_hold(peek(reading) == character, "a line of metrics has its signs");
    reading->at++;
}

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_';
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static size_t take_name(struct reading *reading)
{
    const char *start = reading->at;

    target_hold(is_letter(peek(reading)), "a name begins with a letter");
    while (is_letter(peek(reading)) || is_digit(peek(reading)))
        reading->at++;
    return (size_t)(reading->at - start);
}

static void take_value(struct reading *reading)
{
    expect(reading, '"');
    while (peek(reading) != '"') {
        target_hold(reading->at < reading->end && *reading->at != '\n', "a label's value ends");
        if (*reading->at++ != '\\')
            continue;
        target_hold(peek(reading) == '\\' || peek(reading) == '"' || peek(reading) == 'n',
                    "escapes are known");
        reading->at++;
    }
    expect(reading, '"');
}

static void take_sample(struct reading *reading, const char *metric, size_t metric_length)
{
    const char *name = reading->at;
    size_t length = take_name(reading);

    target_hold(length == metric_length && memcmp(name, metric, length) == 0,
                "samples of a metric stand together");
    expect(reading, '{');
    do {
        take_name(reading);
        expect(reading, '=');
        take_value(reading);
    } while (peek(reading) == ',' && reading->at++ != NULL);
    expect(reading, '}');
    expect(reading, ' ');
    target_hold(is_digit(peek(reading)), "a sample has a number");
    while (is_digit(peek(reading)))
        reading->at++;
    expect(reading, '\n');
}

static void skip_line(struct reading *reading)
{
    while (reading->at < reading->end && *reading->at != '\n')
        reading->at++;
    expect(reading, '\n');
}

void prometheus_text_check(const char *text, size_t length)
{
    struct reading reading = {text, text + length};
    const char *metric = "";
    size_t metric_length = 0;

    while (reading.at < reading.end) {
        if (peek(&reading) != '#') {
            take_sample(&reading, metric, metric_length);
            continue;
        }
        target_hold(reading.end - reading.at > 8 &&
                        (memcmp(reading.at, "# HELP ", 7) == 0 || memcmp(reading.at, "# TYPE ", 7) == 0),
                    "comments are of the two kinds");
        reading.at += 7;
        metric = reading.at;
        metric_length = take_name(&reading);
        skip_line(&reading);
    }
}
