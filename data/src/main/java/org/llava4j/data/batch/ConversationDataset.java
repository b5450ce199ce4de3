package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import java.util.function.IntUnaryOperator;
import org.datavec.api.records.reader.RecordReader;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.records.SeededPermutation;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;

/** Map-style dataset of conversations: random access by index. */
public interface ConversationDataset {
    int size();

    /**
     * Returns sample {@code number}, 0..size-1.
     *
     * @throws org.llava4j.data.BadInputException if it is malformed
     */
    Conversation get(int number);

    /**
     * Tokenizes a sample.
     *
     * @param conversation the sample
     * @param encoder tokenizes it, unless the dataset is already tokenized
     */
    default EncodedSample encoded(int number, Conversation conversation, ConversationEncoder encoder) {
        return encoder.encode(conversation);
    }

    /**
     * Returns LLaVA's length of a sample for grouping by modality ({@code modality_lengths}): the number of words of its
     * turns, at least 1, which is negative if the sample has no image. A tokenized dataset counts tokens.
     *
     * @throws org.llava4j.data.BadInputException if the sample is malformed
     */
    default int modalityLength(int number) {
        Conversation sample = get(number);
        int words = sample.turns().stream()
                .mapToInt(turn -> new StringTokenizer(turn.value()).countTokens())
                .sum();
        return Math.max(1, words) * (sample.hasImages() ? 1 : -1);
    }

    /** Returns the location of sample {@code number}, for messages. */
    String where(int number);

    /** Returns the file of an image that the conversation of sample {@code number} names. */
    Path image(int number, String name);

    /** Returns the number of source datasets. */
    default int sources() {
        return 1;
    }

    /** Returns the source dataset of sample {@code number}, from 0. */
    default int sourceOf(int number) {
        return 0;
    }

    /** Tests whether a sample may occur more than once in an epoch. */
    default boolean repeats() {
        return false;
    }

    /**
     * Returns the order of an epoch. Each sample occurs once, unless the dataset {@link #repeats}.
     *
     * @param epoch counted from 0
     * @return the index of the sample at each position, 0..size-1
     */
    default IntUnaryOperator order(long seed, long epoch) {
        return new SeededPermutation(size(), seed, epoch)::get;
    }

    /** Creates a dataset of a record reader's samples, with images in {@code imageFolder}. */
    static ConversationDataset of(ConversationRecordReader reader, Path imageFolder) {
        return new ImageFolderDataset(reader.size(), reader::get, reader::where, imageFolder);
    }

    /**
     * Creates a dataset of ScienceQA problems as conversations.
     *
     * @param format what an answer consists of
     * @param images ScienceQA's {@code images} folder
     */
    static ConversationDataset of(ScienceQaRecordReader reader, ScienceQaPrompt format, Path images) {
        return new ImageFolderDataset(
                reader.size(), number -> conversation(reader.get(number), format), reader::where, images);
    }

    /** The image is relative to {@code images}: a split such as minitrain has its images in another split's folder. */
    private static Conversation conversation(ScienceQaProblem problem, ScienceQaPrompt format) {
        Conversation conversation = format.conversation(problem);
        if (!problem.hasImage()) {
            return conversation;
        }
        Path image = ScienceQaRecordReader.image(Path.of(""), problem);
        return new Conversation(conversation.jsonId(), List.of(image.toString()), conversation.turns());
    }

    /**
     * Reads the remaining records of any DataVec reader into a dataset in memory.
     *
     * @param reader its records have the columns of {@link ConversationRecordReader}
     * @param imageFolder folder that image paths are relative to
     * @throws org.llava4j.data.BadInputException if a record has other columns or an invalid value
     */
    static ConversationDataset read(RecordReader reader, Path imageFolder) {
        List<Conversation> samples = new ArrayList<>();
        while (reader.hasNext()) {
            samples.add(ConversationRecordReader.conversation(reader.next(), "record " + samples.size()));
        }
        return of(samples, imageFolder);
    }

    /** Creates a dataset of samples in memory, with images in {@code imageFolder}. */
    static ConversationDataset of(List<Conversation> samples, Path imageFolder) {
        return new ImageFolderDataset(samples.size(), samples::get, number -> "sample " + number, imageFolder);
    }
}
