package org.llava4j.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.lang3.SerializationUtils;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.BytesWritable;
import org.datavec.api.writable.Writable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.DecodeOptions;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.records.ConversationRecordReader;

/** Record readers over Parquet files, as DataVec calls them. */
class ParquetRecordReaderTest {
    @Test
    void conversationsAreRecordsWithImageBytes() {
        try (ParquetConversationRecordReader reader = new ParquetConversationRecordReader()) {
            reader.initialize(new FileSplit(
                    Fixtures.of("conversations/train-00000-of-00002.parquet").toFile()));
            List<Writable> first = reader.next();
            assertThat(first).hasSize(4);
            Conversation sample = ConversationRecordReader.conversation(first.subList(0, 3), "record 0");
            assertThat(sample.id()).isEqualTo("c0");
            byte[] image = ((BytesWritable) first.get(3)).getContent();
            assertThat(ImageFiles.decode(image, "image", DecodeOptions.DEFAULT).width())
                    .isEqualTo(2);
            reader.next();
            assertThat(reader.next()).as("a sample without an image").hasSize(3);
            assertThat(reader.hasNext()).isFalse();
            reader.reset();
            assertThat(reader.next()).isEqualTo(first);
        }
    }

    @Test
    void scienceQaReaderReadsAfterSerialization() {
        try (ParquetScienceQaRecordReader reader = SerializationUtils.clone(new ParquetScienceQaRecordReader())) {
            reader.initialize(new FileSplit(Fixtures.of("scienceqa/train-00000-of-00001-1028f23e353fbe3e.parquet")
                    .toFile()));
            List<Writable> record = reader.next();
            assertThat(record).hasSize(11);
            assertThat(record.get(0)).hasToString("train-0");
            assertThat(record.get(2)).hasToString("choice 0\nchoice 1");
            assertThat(reader.next()).as("a problem without an image").hasSize(10);
        }
    }

    @Test
    void fileOfAnotherKindIsRefused() {
        try (ParquetScienceQaRecordReader reader = new ParquetScienceQaRecordReader()) {
            FileSplit conversations =
                    new FileSplit(Fixtures.of("datasets/train.parquet").toFile());
            assertThatThrownBy(() -> reader.initialize(conversations))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("conversations");
        }
    }

    private static ParquetSample<Conversation> sample(ObjectNode json) {
        try (ParquetConversationRecordReader reader = new ParquetConversationRecordReader()) {
            return reader.sample(json, "train", 1234);
        }
    }

    @Test
    void structOfListsIsAListOfTurns() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ObjectNode turns = json.putObject("conversations");
        turns.putArray("from").add("human").add("gpt");
        turns.putArray("value").add("Why?").add("Because.");
        assertThat(sample(json).value().turns()).containsExactly(Turn.human("Why?"), Turn.gpt("Because."));
        assertThat(sample(json).value().id()).isEqualTo("train-1234");
    }

    private static ObjectNode withImage() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("conversations")
                .add(JsonNodeFactory.instance.objectNode().put("from", "human").put("value", "<image>\nWhy?"))
                .add(JsonNodeFactory.instance.objectNode().put("from", "gpt").put("value", "Because."));
        return json;
    }

    @Test
    void imageInAPartGetsAName() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ObjectNode user = json.putArray("messages").addObject().put("role", "user");
        byte[] gif = "GIF89a".getBytes(StandardCharsets.ISO_8859_1);
        user.putArray("content")
                .addObject()
                .put("type", "image")
                .putObject("image")
                .set("bytes", BinaryNode.valueOf(gif));
        json.withArrayProperty("messages").addObject().put("role", "assistant").put("content", "A cat.");
        ParquetSample<Conversation> sample = sample(json);
        assertThat(sample.value().images()).containsExactly("train/00001/00001234.gif");
        assertThat(sample.images().get(0).bytes()).isEqualTo(gif);
    }

    /** Images are bytes or structs; an image elsewhere keeps its name, and an empty struct is no image. */
    @Test
    void imageColumnsOfOtherTypesAreRead() {
        byte[] bmp = "BM".getBytes(StandardCharsets.ISO_8859_1);
        ParquetSample<Conversation> bytes = sample(withImage().set("image", BinaryNode.valueOf(bmp)));
        assertThat(bytes.value().images()).containsExactly("train/00001/00001234.bmp");
        assertThat(bytes.images().get(0).bytes()).isEqualTo(bmp);
        ParquetSample<Conversation> name = sample(withImage().put("image", "coco/1.jpg"));
        assertThat(name.value().images()).containsExactly("coco/1.jpg");
        assertThat(name.images()).isEmpty();
        ObjectNode empty = withImage();
        empty.putObject("image");
        assertThat(sample(empty).value().images()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"path\": \"a.jpg\"} | has the path \"a.jpg\" but no bytes",
                "{\"url\": \"a.jpg\"} | neither bytes nor a path",
                "{\"bytes\": \"text\"} | is not a PNG",
            })
    void imageWithoutBytesIsRefused(String image, String message) throws IOException {
        ObjectNode json = withImage();
        ObjectNode struct = (ObjectNode) new ObjectMapper().readTree(image);
        if (struct.has("bytes")) {
            struct.set("bytes", BinaryNode.valueOf(new byte[] {1, 2, 3}));
        }
        json.set("image", struct);
        assertThatThrownBy(() -> sample(json))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }
}
