package org.llava4j.eval.serve;

import java.net.Inet4Address;
import java.net.InetAddress;

/** Tells the internet from what is only here: this machine, its networks, and what stands for them (RFC 6890). */
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
        // Only global unicast, without those that wrap an IPv4 address (6to4, Teredo) or are for documents.
        boolean sixToFour = first == 0x20 && second == 0x02;
        boolean ofIetf = first == 0x20 && second == 0x01 && bytes[2] == 0 && (bytes[3] & 0xff) < 2;
        boolean documents = first == 0x20 && second == 0x01 && bytes[2] == 0x0d && (bytes[3] & 0xff) == 0xb8;
        return (first & 0xe0) == 0x20 && !sixToFour && !ofIetf && !documents;
    }
}
