package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.config.ConfigWarnings;

/** Tables of captions as tools save them: each caption keeps the image of its row, or the file is rejected. */
class TsvCaptionsTest {
    private static final List<String> CAPTIONS = List.of("a dog", "a cat", "two birds");

    @TempDir
    private Path temp;

    private static List<Caption> read(Path file) {
        List<Caption> captions = new ArrayList<>();
        try (CaptionRecordReader reader = CaptionRecordReader.open(file)) {
            while (reader.hasNext()) {
                captions.add(reader.nextValue());
            }
        }
        return captions;
    }

    private Path file(String text) throws IOException {
        return file(text, StandardCharsets.UTF_8);
    }

    private Path file(String text, Charset charset) throws IOException {
        return Files.write(temp.resolve("captions.tsv"), text.getBytes(charset));
    }

    private static void assertRows(Path file, List<String> captions) {
        List<Caption> read = read(file);
        assertThat(read).extracting(Caption::text).containsExactlyElementsOf(captions);
        for (int row = 0; row < captions.size(); row++) {
            assertThat(read.get(row).image()).isEqualTo("GCC_train_00000000" + row + ".jpg");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "caption\turl\n",
                "Caption\tURL\n",
                "\"caption\"\t\"url\"\n",
                "\uFEFF",
                "\uFEFFcaption\turl\n"
            })
    void readSkipsHeadingAndByteOrderMarkWithoutShiftingRows(String start) throws IOException {
        Path file = file(start + "a dog\thttp://a/0\na cat\thttps://a/1\ntwo birds\tHTTP://a/2");
        assertRows(file, CAPTIONS);
        assertThat(ConfigWarnings.in(file).toString().contains("line 1 is a header and is skipped"))
                .isEqualTo(start.toLowerCase(java.util.Locale.ROOT).contains("caption"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\r"})
    void readAcceptsEveryLineEnd(String lineEnd) throws IOException {
        String text = "caption\turl\na dog\thttp://a/0\na cat\thttp://a/1\ntwo birds\thttp://a/2\n";
        assertRows(file(text.replace("\n", lineEnd)), CAPTIONS);
        Path file = file((text + "a cow\tno address\n").replace("\n", lineEnd));
        assertThatThrownBy(() -> read(file)).hasMessageContaining("captions.tsv, line 5: ");
    }

    @Test
    void readUnquotesWhatCsvWritersQuote() throws IOException {
        List<String> captions = List.of(
                "a dog\non grass", "the \"big\" one", "tab\there", "plain", "\"whole\" \"quoted\"", "last\r\none");
        assertRows(
                file("\"a dog\non grass\"\thttp://a/0\n\"the \"\"big\"\" one\"\thttp://a/1\n\"tab\there\"\thttp://a/2\n"
                        + "\"plain\"\t\"http://a/3\"\n\"\"\"whole\"\" \"\"quoted\"\"\"\thttp://a/4\n"
                        + "\"last\r\none\"\thttp://a/5\n"),
                captions);
        try (CaptionRecordReader reader = CaptionRecordReader.open(temp.resolve("captions.tsv"))) {
            assertThat(reader.where(1)).endsWith("captions.tsv, line 3, entry 1");
        }
    }

    /** CC3M is published without quoting: a quote is part of the caption. */
    @Test
    void readKeepsUnescapedQuotes() throws IOException {
        List<String> captions =
                List.of("\" hello \" says person", "\" hello \"", "\"unclosed", "a \"\"word\"\"", "\"\"");
        StringBuilder lines = new StringBuilder();
        captions.forEach(caption -> lines.append(caption).append("\thttp://a/b\n"));
        assertRows(file(lines.toString()), captions);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http://a/0\\ta dog\\n                        | line 1: has the URL in the first column",
                "url\\tcaption\\nhttp://a/0\\ta dog\\n        | line 1: has the URL in the first column",
                "a dog\\thttp://a/0\\nhttp://a/1\\ta cat\\n   | line 2: has the URL in the first column",
                "words\\tplace\\na dog\\thttp://a/0\\n        | line 1: has \"place\" in the second column",
                "a dog\\thttp://a/0\\ncaption\\turl\\n        | line 2: has \"url\" in the second column",
                "a dog\\thttp://a/0\\tdog,grass\\t/m/1\\t0.9  | line 1: has 5 columns, like CC3M's subset with labels",
                "a dog\\thttp://a/0\\tdog                     | line 1: has 3 columns",
                "a dog\\thttp://a/0\\n\\n                     | line 2: has no tab",
                "a dog\\thttp://a/0\\n\"a cat\\nand more      | line 2: begins with an unclosed quote",
                "a dog\\thttp://a/0\\na \\0cat\\thttp://a/1   | line 2: has a NUL byte"
            })
    void readRejectsOtherTablesWithLine(String text, String message) throws IOException {
        Path file = file(text.replace("\\t", "\t")
                .replace("\\n", "\n")
                .replace('\\', '\0')
                .replace("\0" + "0", "\0"));
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file + ", " + message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource({"UTF-16, UTF-16", "UTF-16LE, UTF-16", "UTF-16BE, UTF-16", "UTF-32LE, UTF-32", "UTF-32BE, UTF-32"})
    void readReportsOtherEncodings(String charset, String name) throws IOException {
        Path table = file("a dog\thttp://a/0\n", Charset.forName(charset));
        assertThatThrownBy(() -> read(table)).hasMessage(table + ": is " + name + "; save it as UTF-8");
        Path json = Files.write(
                temp.resolve("metadata.json"),
                "[{\"image\":\"a.jpg\",\"caption\":\"a\"}]".getBytes(Charset.forName(charset)));
        assertThatThrownBy(() -> read(json)).hasMessage(json + ": is " + name + "; save it as UTF-8");
    }

    @Test
    void readRejectsTooLongLines() throws IOException {
        Path file = file("a dog\thttp://a/0\n" + "x".repeat(LineScanner.MAX_BYTES + 1));
        assertThatThrownBy(() -> read(file)).hasMessageContaining("line 2: has more than 16777216 bytes");
    }
}
