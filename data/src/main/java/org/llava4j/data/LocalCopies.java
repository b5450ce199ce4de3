package org.llava4j.data;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Files of this process that are copies of others elsewhere. People are told the places of the originals, which also are the
 * same in whatever process reads them.
 */
public final class LocalCopies {
    private static final Map<String, String> ORIGINALS = new ConcurrentHashMap<>();

    private LocalCopies() {}

    /** All that is in a folder is a copy of what is at an address, by the same names. */
    public static void add(Path folder, String address) {
        ORIGINALS.put(folder + "/", address.endsWith("/") ? address : address + "/");
    }

    /** A text in which copies are called by their originals. */
    public static String withOriginalPaths(String text) {
        String told = text;
        for (Map.Entry<String, String> folder : ORIGINALS.entrySet()) {
            told = told.replace(folder.getKey(), folder.getValue());
        }
        return told;
    }
}
