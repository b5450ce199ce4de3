package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.TorchFile;

/** All readers report a Git LFS pointer, a web page or an empty file instead of the expected content. */
class FailedDownloadTest {
    private static final Map<String, Consumer<Path>> READERS = new TreeMap<>(Map.of(
            "model.safetensors",
            SafetensorsFile::open,
            "pytorch_model.bin",
            TorchFile::open,
            "tokenizer.model",
            LlamaTokenizer::load,
            "config.json",
            JsonInput::readObject,
            "template.json",
            ConversationTemplates::load,
            "image.png",
            ImageFiles::read,
            "images.tar",
            file -> ImageFiles.read(file.resolve("1.png")),
            "images.zip",
            file -> ImageFiles.read(file.resolve("1.png")),
            "data.json",
            ConversationRecordReader::open));

    private static final List<String[]> CONTENTS = List.of(
            new String[] {
                "version https://git-lfs.github.com/spec/v1\noid sha256:4665\nsize 132\n",
                "is a Git LFS pointer, not the file itself; run `git lfs pull`"
            },
            new String[] {"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is an HTML page"},
            new String[] {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "is an XML document"},
            new String[] {"", "empty"});

    @TempDir
    Path folder;

    static Stream<Arguments> readersAndContents() {
        return READERS.keySet().stream()
                .flatMap(name -> CONTENTS.stream()
                        .filter(each -> !(name.equals("data.json") && each[0].isEmpty()))
                        .map(each -> Arguments.of(name, each[0], each[1])));
    }

    @ParameterizedTest
    @MethodSource("readersAndContents")
    void readersRejectFailedDownload(String name, String content, String message) throws IOException {
        Path file = Files.writeString(folder.resolve(name), content);
        assertThatThrownBy(() -> READERS.get(name).accept(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(message);
    }
}
