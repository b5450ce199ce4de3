package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Format of tab-separated files of captions and image URLs: CC3M as published. A header row is skipped and not counted,
 * so that row numbers are those of the published file. An entry is {@code {"caption", "url", "row"}}.
 */
final class TsvEntries implements EntryFormat {
    static final String ROW = "row";

    private static final int LABEL_COLUMNS = 5;
    private static final int MAX_LINES = 100; // maximum lines of one quoted caption
    private static final int MAX_SHOWN = 60;
    private static final Set<String> CAPTION_HEADINGS = Set.of("caption", "captions", "text", "title", "sentence");
    private static final Set<String> ADDRESS_HEADINGS =
            Set.of("url", "urls", "image_url", "image url", "imageurl", "image", "link", "address");

    @Override
    public void scan(InputStream in, EntryIndex index) throws IOException {
        in.skipNBytes(index.firstByte());
        LineScanner lines = new LineScanner(in, index.firstByte());
        while (advance(lines, index)) {
            long first = lines.number();
            List<String> columns = columns(lines, index);
            if (first == 1 && isHeading(columns)) {
                ConfigWarnings.report(
                        index.file(), "line 1 is a header and is skipped; rows are counted from the next line");
            } else {
                require(columns, index, first);
                index.add(lines.start(), lines.end(), first);
            }
        }
    }

    private static boolean advance(LineScanner lines, EntryIndex index) throws IOException {
        try {
            return lines.advance();
        } catch (LineScanner.LineTooLongException e) {
            throw tooLong(lines, index);
        }
    }

    /** Returns the columns of the current line, extended by the lines that its quotes include. */
    private static List<String> columns(LineScanner lines, EntryIndex index) throws IOException {
        long first = lines.number();
        String row = text(lines, index);
        List<String> columns = TsvColumns.of(row);
        while (!isRow(columns) && TsvColumns.isOpen(row)) {
            try {
                if (lines.number() - first >= MAX_LINES || !lines.extend()) {
                    throw index.bad(first, "begins with an unclosed quote; double a quote inside a quoted caption");
                }
            } catch (LineScanner.LineTooLongException e) {
                throw tooLong(lines, index);
            }
            row = text(lines, index);
            columns = TsvColumns.of(row);
        }
        return columns;
    }

    private static String text(LineScanner lines, EntryIndex index) throws IOException {
        String text;
        try {
            text = lines.text();
        } catch (CharacterCodingException e) {
            throw index.bad(lines.number(), "is not in UTF-8; save the file in UTF-8");
        }
        if (text.indexOf(0) >= 0) {
            throw index.bad(lines.number(), "has a NUL byte; the file is corrupt or not UTF-8 text");
        }
        return text;
    }

    private static BadInputException tooLong(LineScanner lines, EntryIndex index) {
        return index.bad(
                lines.number(), "has more than " + LineScanner.MAX_BYTES + " bytes; this is not a table of captions");
    }

    private static boolean isRow(List<String> columns) {
        return columns.size() == 2 && TsvColumns.isAddress(columns.get(1));
    }

    private static boolean isHeading(List<String> columns) {
        return columns.size() == 2
                && CAPTION_HEADINGS.contains(columns.get(0).toLowerCase(Locale.ROOT))
                && ADDRESS_HEADINGS.contains(columns.get(1).toLowerCase(Locale.ROOT));
    }

    private static void require(List<String> columns, EntryIndex index, long line) {
        if (columns.size() == 1) {
            throw index.bad(line, "has no tab; a line must have a caption, a tab and the URL of its image");
        }
        if (columns.size() == LABEL_COLUMNS) {
            throw index.bad(
                    line,
                    "has 5 columns, like CC3M's subset with labels (caption, URL, labels, MIDs, confidences); its"
                            + " row numbers do not match the images; use Train_GCC-training.tsv");
        }
        if (columns.size() > 2) {
            throw index.bad(
                    line,
                    "has " + columns.size() + " columns; a line must have a caption, a tab and the URL of its image");
        }
        if (isRow(columns)) {
            return;
        }
        String first = columns.get(0).toLowerCase(Locale.ROOT);
        String second = columns.get(1).toLowerCase(Locale.ROOT);
        if (TsvColumns.isAddress(columns.get(0))
                || (ADDRESS_HEADINGS.contains(first) && CAPTION_HEADINGS.contains(second))) {
            throw index.bad(
                    line,
                    "has the URL in the first column, like CC12M; the first column must be the caption, as in CC3M");
        }
        throw index.bad(
                line,
                "has \"" + shown(columns.get(1)) + "\" in the second column, which must be the URL of an image"
                        + " (http://...)"
                        + (line == 1 ? "; a header must be named \"caption\" and \"url\"" : ""));
    }

    private static String shown(String column) {
        String line = column.replaceAll("\\p{Cntrl}+", " ");
        return line.length() > MAX_SHOWN ? line.substring(0, MAX_SHOWN) + "..." : line;
    }

    @Override
    public JsonNode parse(int number, byte[] bytes) {
        List<String> columns = TsvColumns.of(new String(bytes, StandardCharsets.UTF_8)); // checked by the scan
        ObjectNode entry = JsonNodeFactory.instance.objectNode();
        entry.put("caption", columns.get(0));
        entry.put("url", columns.get(1));
        return entry.put(ROW, number);
    }
}
