package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.datavec.api.records.reader.impl.collection.CollectionRecordReader;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

class ConversationDatasetTest {
    private static final Path IMAGES = Path.of("images");

    @Test
    void readTakesRecordsOfAnyReader() {
        ConversationDataset dataset = read(
                record(
                        "a",
                        "[\"a.png\"]",
                        "[{\"from\": \"human\", \"value\": \"<image>\"},"
                                + " {\"from\": \"gpt\", \"value\": \"a dog\"}]"),
                record("b", "[]", "[{\"from\": \"human\", \"value\": \"Hi.\"}]"));
        assertThat(dataset.size()).isEqualTo(2);
        assertThat(dataset.get(0))
                .isEqualTo(new Conversation("a", List.of("a.png"), List.of(Turn.human("<image>"), Turn.gpt("a dog"))));
        assertThat(dataset.image(0, "a.png")).isEqualTo(Path.of("images/a.png"));
        assertThat(dataset.get(1).images()).isEmpty();
    }

    @Test
    void readRejectsOtherColumns() {
        assertThatThrownBy(() -> read(List.of(new Text("a"), new Text("[]"))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("record 0")
                .hasMessageContaining("id, images and turns");
        assertThatThrownBy(() -> read(record("a", "[]", "no json")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("record 0");
    }

    @SafeVarargs
    private static ConversationDataset read(List<Writable>... records) {
        return ConversationDataset.read(new CollectionRecordReader(List.of(records)), IMAGES);
    }

    private static List<Writable> record(String id, String images, String turns) {
        return List.of(new Text(id), new Text(images), new Text(turns));
    }
}
