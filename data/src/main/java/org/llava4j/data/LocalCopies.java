package org.llava4j.data;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Local copies of remote files and their original addresses. Messages name the originals, which are the same in every
 * process that reads them.
 */
public final class LocalCopies {
    private static final Map<String, String> ORIGINALS = new ConcurrentHashMap<>();

    private LocalCopies() {}

    /** Registers a folder whose files are copies of those of the same names at an address. */
    public static void add(Path folder, String address) {
        ORIGINALS.put(folder + "/", address.endsWith("/") ? address : address + "/");
    }

    /** Replaces the paths of local copies in a text by their original addresses. */
    public static String withOriginalPaths(String text) {
        String result = text;
        for (Map.Entry<String, String> folder : ORIGINALS.entrySet()) {
            result = result.replace(folder.getKey(), folder.getValue());
        }
        return result;
    }
}
