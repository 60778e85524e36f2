/* SPDX-License-Identifier: MIT
 *
 * What firewalls look like on real hosts, and whether they let a tunnel's packets through.
 */
#include "cli/forward_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef bool forward_chain_reader(char chain[static FORWARD_CHAIN_BYTES], char *text, const char *interface);

static void assert_closed(forward_chain_reader *reads, const char *text, const char *wanted)
{
    char copy[4096];
    char chain[FORWARD_CHAIN_BYTES] = "";
    bool closed;

    (void)snprintf(copy, sizeof(copy), "%s", text);
    closed = reads(chain, copy, "wg0");
    if (closed != (wanted != NULL))
        fail_msg("%s, though it is not:\n%s", closed ? "closed" : "open", text);
    if (wanted != NULL)
        assert_string_equal(chain, wanted);
}

#define NFT_HEAD                                                                                             \
    "table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n"
#define C16      "cccccccccccccccc"
#define C64      C16 C16 C16 C16
#define NFT_TAIL "\t}\n}\n"
#define NFT_NAME "table ip filter, chain FORWARD"

static void chains_of_nft(void **state)
{
    (void)state;
    assert_closed(forward_chain_in_nft, "", NULL);
    assert_closed(forward_chain_in_nft, NFT_HEAD NFT_TAIL, NFT_NAME);
    assert_closed(forward_chain_in_nft, NFT_HEAD "\t\tcounter packets 0 bytes 0\n" NFT_TAIL, NFT_NAME);
    assert_closed(forward_chain_in_nft, NFT_HEAD "\t\tjump elsewhere\n" NFT_TAIL, NULL);
    assert_closed(forward_chain_in_nft, NFT_HEAD "\t\tiifname \"docker0\" jump DOCKER\n" NFT_TAIL, NFT_NAME);
    assert_closed(forward_chain_in_nft, NFT_HEAD "\t\tiifname @lans accept\n" NFT_TAIL, NULL);
    assert_closed(forward_chain_in_nft, NFT_HEAD "\t\tct state new,established accept\n" NFT_TAIL, NULL);
    assert_closed(forward_chain_in_nft, NFT_HEAD "\t\tct state vmap { established : accept }\n" NFT_TAIL,
                  NFT_NAME);
    /* What is quoted and no name, and how long it is, does not matter. */
    assert_closed(forward_chain_in_nft,
                  NFT_HEAD "\t\toif 7 accept comment \"" C64 C64 "\"\n"
                           "\t\tiifname \"docker0\" accept comment \"" C64 C64 "\"\n" NFT_TAIL,
                  NFT_NAME);
    assert_closed(forward_chain_in_nft,
                  NFT_HEAD "\t\tlog prefix \"" C64 "\" iifname \"wg0\" accept\n" NFT_TAIL, NULL);
    /* An accept elsewhere opens nothing, and a chain that is open does not excuse one that is closed. */
    assert_closed(
        forward_chain_in_nft,
        "table inet a {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n"
        "\t\taccept\n\t}\n}\n" NFT_HEAD NFT_TAIL,
        NFT_NAME);
    assert_closed(forward_chain_in_nft,
                  "table inet a {\n\tchain f {\n\t\ttype filter hook forward priority filter; policy drop;\n"
                  "\t\taccept\n\t}\n}\n" NFT_HEAD NFT_TAIL,
                  NFT_NAME);
    assert_closed(
        forward_chain_in_nft,
        "table inet a {\n\tchain f {\n\t\ttype filter hook forward priority filter; policy accept;\n"
        "\t}\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n",
        NULL);
}

#define IPTABLES_NAME "iptables, chain FORWARD"

static void chains_of_iptables(void **state)
{
    (void)state;
    assert_closed(forward_chain_in_iptables, "-P FORWARD ACCEPT\n", NULL);
    assert_closed(forward_chain_in_iptables, "-P FORWARD DROP\n", IPTABLES_NAME);
    assert_closed(forward_chain_in_iptables, "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n", NULL);
    assert_closed(forward_chain_in_iptables,
                  "-P FORWARD DROP\n-A FORWARD -o docker0 -j DOCKER\n-A FORWARD -j REJECT\n"
                  "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
                  IPTABLES_NAME);
    assert_closed(forward_chain_in_iptables, "-P FORWARD DROP\n-A FORWARD ! -i eth0 -j ACCEPT\n", NULL);
    assert_closed(forward_chain_in_iptables, "-P FORWARD DROP\n-A FORWARD -i wg+ -o eth0 -j ACCEPT\n", NULL);
    assert_closed(forward_chain_in_iptables, "-P FORWARD DROP\n-A FORWARD -i wg1 -j ACCEPT\n", IPTABLES_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_of_nft),
        cmocka_unit_test(chains_of_iptables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
