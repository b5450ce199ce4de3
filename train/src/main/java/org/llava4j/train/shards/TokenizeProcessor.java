package org.llava4j.train.shards;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.data.records.TokenizedSample;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.OpenDataSource;
import org.llava4j.train.data.SampleEncoding;

/** Record processor that tokenizes the samples of a source; images are not read. */
final class TokenizeProcessor implements RecordProcessor<TokenizedSample> {
    private final ConversationEncoder encoder;
    private final CollatorOptions collatorOptions;
    private final OpenDataSource source;
    private final SampleEncoding encoding;
    private final Path data;

    /**
     * @throws BadInputException if the source is missing, broken or empty
     */
    TokenizeProcessor(SampleEncoding reading, Path data) {
        encoding = reading;
        this.data = data;
        encoder = reading.encoder();
        collatorOptions = reading.collatorOptions();
        source = OpenDataSource.of(reading, new DataSource(data, null));
    }

    /** Returns the layouts of the source; null if it is not a file of conversations. */
    @Nullable
    LayoutCounts layouts() {
        return source.layouts();
    }

    @Override
    public String unit() {
        return "samples";
    }

    @Override
    public int size() {
        return source.samples().size();
    }

    @Override
    public Fingerprint identity() {
        return encoding.identity(List.of(new DataSource(data, null)));
    }

    @Override
    public TokenizedSample process(int number) {
        String where = source.samples().where(number);
        try {
            Conversation conversation = source.samples().get(number);
            EncodedSample encoded = encoder.encode(conversation);
            return new TokenizedSample(
                    number,
                    where,
                    conversation.id(),
                    conversation.images(),
                    BatchLayout.expandedLength(encoded.inputIds(), collatorOptions.numImageTokens()),
                    encoded,
                    null);
        } catch (FileChangedException e) {
            throw e;
        } catch (BadInputException e) {
            return TokenizedSample.bad(number, where, e.getMessage().replace(where + ": ", ""));
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
