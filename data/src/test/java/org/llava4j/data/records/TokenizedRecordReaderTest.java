package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.conversation.EncodedSample;

class TokenizedRecordReaderTest {
    private static final TokenizedSample SAMPLE = new TokenizedSample(
            0,
            "data.json, entry 0",
            "7",
            List.of("7.png"),
            6,
            new EncodedSample(new int[] {1, -200, 5, 6}, new int[] {-100, -100, 5, 6}),
            null);

    @TempDir
    private Path temp;

    private EncodedSample read(String line) throws IOException {
        Path file = Files.writeString(temp.resolve("shard.jsonl"), line);
        try (TokenizedRecordReader reader = TokenizedRecordReader.open(List.of(file))) {
            return reader.get(0).encoded();
        }
    }

    @Test
    void getReadsTargetRangesWithCurrentAndFormerKey() throws IOException {
        String line = TokenizedRecordReader.node(SAMPLE).toString();
        assertThat(line).contains("\"target_ranges\":[[2,4]]");
        for (String written : List.of(line, line.replace("target_ranges", "learned"))) {
            assertThat(read(written).inputIds()).containsExactly(1, -200, 5, 6);
            assertThat(read(written).labels()).containsExactly(-100, -100, 5, 6);
        }
    }
}
