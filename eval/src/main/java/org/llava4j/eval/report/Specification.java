package org.llava4j.eval.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Every setting that the numbers depend on. Two reports with the same hash are of the same evaluation and may be
 * compared; two with different ones may not.
 */
public record Specification(SortedMap<String, String> settings) {
    public Specification {
        settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    }

    /** SHA-256 of the settings as one JSON object with sorted keys and no spaces, in hexadecimal. */
    public String sha256() {
        try {
            byte[] canonical = new JsonMapper().writeValueAsString(settings).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(canonical));
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException("texts are always JSON, and every JVM has SHA-256", e);
        }
    }
}
