package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.records.CaptionRecordReader;

/** Finds the phrases of all captions of a file, here or on other machines; what is found is the same. */
@FunctionalInterface
public interface PhraseFinder {

    /**
     * @param captions the file
     * @param reader over it
     * @param foldCase whether phrases that differ in capitals alone are one
     * @param inOrder is given each caption's phrases, in the order of the file
     */
    void find(Path captions, CaptionRecordReader reader, boolean foldCase, Consumer<List<String>> inOrder);
}
