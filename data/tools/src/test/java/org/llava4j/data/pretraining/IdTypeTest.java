package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.records.CaptionRecordReader;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.RecordFiles;

/** Ids of captions and samples are written with the JSON type that they were read with. */
class IdTypeTest {
    private static final String CAPTIONS = "[{\"id\": 7, \"image\": \"7.jpg\", \"caption\": \"a cat\"},"
            + " {\"id\": \"008\", \"image\": \"8.jpg\", \"caption\": \"a dog\"}]";

    @TempDir
    private Path temp;

    @Test
    void writersKeepTypeOfIds() throws IOException {
        Path captions = Files.writeString(temp.resolve("captions.json"), CAPTIONS);
        Path copy = temp.resolve("copy.json");
        try (CaptionRecordReader reader = CaptionRecordReader.open(captions)) {
            RecordFiles.writeCaptions(
                    copy, List.of(reader.get(0), reader.get(1)).iterator());
        }
        assertThat(copy).content().contains("{\"id\":7,", "{\"id\":\"008\",");
        Path chat = temp.resolve("chat.json");
        ExpandCaptionsMain.main(new String[] {"--data-path", copy.toString(), "--output", chat.toString()});
        assertThat(chat).content().contains("{\"id\":7,", "{\"id\":\"008\",");
        Path again = temp.resolve("again.json");
        try (ConversationRecordReader reader = ConversationRecordReader.open(chat)) {
            RecordFiles.writeConversations(
                    again, List.of(reader.get(0), reader.get(1)).iterator());
        }
        assertThat(again).hasSameTextualContentAs(chat);
    }
}
