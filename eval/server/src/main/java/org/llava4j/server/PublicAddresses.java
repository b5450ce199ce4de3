package org.llava4j.server;

import java.net.Inet4Address;
import java.net.InetAddress;

/** Distinguishes public IP addresses from private, local and special-purpose ones (RFC 6890). */
final class PublicAddresses {
    private PublicAddresses() {}

    static boolean isPublic(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] bytes = address.getAddress();
        int first = bytes[0] & 0xff;
        int second = bytes[1] & 0xff;
        if (address instanceof Inet4Address) {
            boolean shared = first == 100 && second >= 64 && second < 128;
            boolean special = first == 192 && second == 0 && bytes[2] == 0;
            boolean benchmarks = first == 198 && (second == 18 || second == 19);
            return first != 0 && first < 240 && !shared && !special && !benchmarks;
        }
        // Only global unicast, without embedded IPv4 addresses (6to4, Teredo) and documentation addresses.
        boolean sixToFour = first == 0x20 && second == 0x02;
        boolean ietfProtocol = first == 0x20 && second == 0x01 && bytes[2] == 0 && (bytes[3] & 0xff) < 2;
        boolean documentation = first == 0x20 && second == 0x01 && bytes[2] == 0x0d && (bytes[3] & 0xff) == 0xb8;
        return (first & 0xe0) == 0x20 && !sixToFour && !ietfProtocol && !documentation;
    }
}
