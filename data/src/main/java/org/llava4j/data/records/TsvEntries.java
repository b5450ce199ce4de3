package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.llava4j.data.BadInputException;

/**
 * Lines of two columns, a caption and where its picture was: CC3M as it is published, without a line of headings. An
 * entry is {@code {"caption", "url", "row"}}.
 */
final class TsvEntries implements EntryFormat {
    static final String ROW = "row";

    @Override
    public void scan(InputStream in, EntryIndex index) throws IOException {
        long at = 0;
        long start = 0;
        long line = 1;
        boolean tab = false;
        for (int next = in.read(); next >= 0; next = in.read()) {
            at++;
            tab |= next == '\t';
            if (next == '\n') {
                add(index, start, at - 1, line, tab);
                start = at;
                line++;
                tab = false;
            }
        }
        if (at > start) {
            add(index, start, at, line, tab);
        }
    }

    private static void add(EntryIndex index, long start, long end, long line, boolean tab) {
        if (!tab) {
            throw index.bad(line, "has no tab; a line is a caption, a tab and the address of its picture");
        }
        index.add(start, end, line);
    }

    @Override
    public JsonNode parse(int number, byte[] bytes) throws IOException {
        String line;
        try {
            line = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadInputException("is not in UTF-8; save the file in UTF-8", e);
        }
        int tab = line.indexOf('\t');
        ObjectNode entry = JsonNodeFactory.instance.objectNode();
        entry.put("caption", line.substring(0, tab).strip());
        entry.put("url", line.substring(tab + 1).strip());
        return entry.put(ROW, number);
    }
}
