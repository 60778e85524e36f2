/* SPDX-License-Identifier: MIT
 *
 * What nft and iptables say of the firewall (cli/forward_chain.h), which quotes what other programs named and
 * commented: a chain that is closed has a name, and its policy is in the text; a rule in front that lets
 * everything pass opens iptables' chain; and the answer is the same for the same text.
 *
 * Input: a byte, whose lowest bit chooses the program, then its output.
 */
#include "target.h"

#include "cli/forward_chain.h"

typedef bool forward_chain_reader(char chain[static FORWARD_CHAIN_BYTES], char *text, const char *interface);

/* With a line in front, "" for none. The text is a copy of its own of exactly its length. */
static bool read(forward_chain_reader *reads, char chain[static FORWARD_CHAIN_BYTES], const char *front,
                 const struct target_input *output)
{
    size_t length = strlen(front);
    char *text = malloc(length + output->left + 1);
    bool closed;

    target_hold(text != NULL, "there is memory");
    memcpy(text, front, length);
    if (output->left > 0)
        memcpy(text + length, output->next, output->left);
    text[length + output->left] = '\0';
    memset(chain, 'x', FORWARD_CHAIN_BYTES);
    closed = reads(chain, text, "wg0");
    free(text);
    target_hold(!closed || memchr(chain, '\0', FORWARD_CHAIN_BYTES) != NULL, "a closed chain has a name");
    return closed;
}

static bool contains(const struct target_input *output, const char *words)
{
    return output->left > 0 && memmem(output->next, output->left, words, strlen(words)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input output = {bytes, length};
    bool nft = (target_byte(&output) & 1) != 0;
    forward_chain_reader *reads = nft ? forward_chain_in_nft : forward_chain_in_iptables;
    char chain[FORWARD_CHAIN_BYTES], again[FORWARD_CHAIN_BYTES];
    bool closed = read(reads, chain, "", &output);

    target_hold(read(reads, again, "", &output) == closed && (!closed || strcmp(chain, again) == 0),
                "the same text is the same answer");
    if (closed && nft)
        target_hold(contains(&output, "hook forward") && contains(&output, "policy drop"),
                    "a policy says so");
    if (closed && !nft)
        target_hold(contains(&output, "-P FORWARD DROP") &&
                        !read(reads, again, "-A FORWARD -j ACCEPT\n", &output),
                    "what lets everything pass opens it");
    return 0;
}
