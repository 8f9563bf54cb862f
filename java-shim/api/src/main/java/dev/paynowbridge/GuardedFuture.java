package dev.paynowbridge;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A future that tells of what the handlers attached to it throw; otherwise only the stages made of it would know. */
abstract class GuardedFuture<T extends @Nullable Object> extends CompletableFuture<T> {
    /** Tells of a handler that failed. Must not throw. */
    abstract void handlerFailed(Object handler, Throwable failure);

    private <A extends @Nullable Object, R extends @Nullable Object> @Nullable Function<A, R> returning(
            @Nullable Function<? super A, ? extends R> handler) {
        if (handler == null) {
            return null;
        }
        return argument -> {
            try {
                return handler.apply(argument);
            } catch (Throwable failure) {
                handlerFailed(handler, failure);
                throw failure;
            }
        };
    }

    private <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
            @Nullable BiFunction<A, B, R> returning(@Nullable BiFunction<? super A, ? super B, ? extends R> handler) {
        if (handler == null) {
            return null;
        }
        return (first, second) -> {
            try {
                return handler.apply(first, second);
            } catch (Throwable failure) {
                handlerFailed(handler, failure);
                throw failure;
            }
        };
    }

    private <A extends @Nullable Object> @Nullable Consumer<A> guarded(@Nullable Consumer<? super A> handler) {
        if (handler == null) {
            return null;
        }
        return argument -> {
            try {
                handler.accept(argument);
            } catch (Throwable failure) {
                handlerFailed(handler, failure);
                throw failure;
            }
        };
    }

    private <A extends @Nullable Object, B extends @Nullable Object> @Nullable BiConsumer<A, B> guarded(
            @Nullable BiConsumer<? super A, ? super B> handler) {
        if (handler == null) {
            return null;
        }
        return (first, second) -> {
            try {
                handler.accept(first, second);
            } catch (Throwable failure) {
                handlerFailed(handler, failure);
                throw failure;
            }
        };
    }

    private @Nullable Runnable guarded(@Nullable Runnable handler) {
        if (handler == null) {
            return null;
        }
        return () -> {
            try {
                handler.run();
            } catch (Throwable failure) {
                handlerFailed(handler, failure);
                throw failure;
            }
        };
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> thenApply(Function<? super T, ? extends U> fn) {
        return super.thenApply(returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> thenApplyAsync(Function<? super T, ? extends U> fn) {
        return super.thenApplyAsync(returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> thenApplyAsync(Function<? super T, ? extends U> fn, Executor executor) {
        return super.thenApplyAsync(returning(fn), executor);
    }

    @Override
    public CompletableFuture<@Nullable Void> thenAccept(Consumer<? super T> action) {
        return super.thenAccept(guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> thenAcceptAsync(Consumer<? super T> action) {
        return super.thenAcceptAsync(guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> thenAcceptAsync(Consumer<? super T> action, Executor executor) {
        return super.thenAcceptAsync(guarded(action), executor);
    }

    @Override
    public CompletableFuture<@Nullable Void> thenRun(Runnable action) {
        return super.thenRun(guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> thenRunAsync(Runnable action) {
        return super.thenRunAsync(guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> thenRunAsync(Runnable action, Executor executor) {
        return super.thenRunAsync(guarded(action), executor);
    }

    @Override
    public <U extends @Nullable Object, V extends @Nullable Object> CompletableFuture<V> thenCombine(
            CompletionStage<? extends U> other, BiFunction<? super T, ? super U, ? extends V> fn) {
        return super.thenCombine(other, returning(fn));
    }

    @Override
    public <U extends @Nullable Object, V extends @Nullable Object> CompletableFuture<V> thenCombineAsync(
            CompletionStage<? extends U> other, BiFunction<? super T, ? super U, ? extends V> fn) {
        return super.thenCombineAsync(other, returning(fn));
    }

    @Override
    public <U extends @Nullable Object, V extends @Nullable Object> CompletableFuture<V> thenCombineAsync(
            CompletionStage<? extends U> other, BiFunction<? super T, ? super U, ? extends V> fn, Executor executor) {
        return super.thenCombineAsync(other, returning(fn), executor);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<@Nullable Void> thenAcceptBoth(
            CompletionStage<? extends U> other, BiConsumer<? super T, ? super U> action) {
        return super.thenAcceptBoth(other, guarded(action));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<@Nullable Void> thenAcceptBothAsync(
            CompletionStage<? extends U> other, BiConsumer<? super T, ? super U> action) {
        return super.thenAcceptBothAsync(other, guarded(action));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<@Nullable Void> thenAcceptBothAsync(
            CompletionStage<? extends U> other, BiConsumer<? super T, ? super U> action, Executor executor) {
        return super.thenAcceptBothAsync(other, guarded(action), executor);
    }

    @Override
    public CompletableFuture<@Nullable Void> runAfterBoth(CompletionStage<?> other, Runnable action) {
        return super.runAfterBoth(other, guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> runAfterBothAsync(CompletionStage<?> other, Runnable action) {
        return super.runAfterBothAsync(other, guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> runAfterBothAsync(CompletionStage<?> other, Runnable action, Executor executor) {
        return super.runAfterBothAsync(other, guarded(action), executor);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> applyToEither(CompletionStage<? extends T> other, Function<? super T, U> fn) {
        return super.applyToEither(other, returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> applyToEitherAsync(CompletionStage<? extends T> other, Function<? super T, U> fn) {
        return super.applyToEitherAsync(other, returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> applyToEitherAsync(
            CompletionStage<? extends T> other, Function<? super T, U> fn, Executor executor) {
        return super.applyToEitherAsync(other, returning(fn), executor);
    }

    @Override
    public CompletableFuture<@Nullable Void> acceptEither(CompletionStage<? extends T> other, Consumer<? super T> action) {
        return super.acceptEither(other, guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> acceptEitherAsync(CompletionStage<? extends T> other, Consumer<? super T> action) {
        return super.acceptEitherAsync(other, guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> acceptEitherAsync(
            CompletionStage<? extends T> other, Consumer<? super T> action, Executor executor) {
        return super.acceptEitherAsync(other, guarded(action), executor);
    }

    @Override
    public CompletableFuture<@Nullable Void> runAfterEither(CompletionStage<?> other, Runnable action) {
        return super.runAfterEither(other, guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> runAfterEitherAsync(CompletionStage<?> other, Runnable action) {
        return super.runAfterEitherAsync(other, guarded(action));
    }

    @Override
    public CompletableFuture<@Nullable Void> runAfterEitherAsync(CompletionStage<?> other, Runnable action, Executor executor) {
        return super.runAfterEitherAsync(other, guarded(action), executor);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> thenCompose(Function<? super T, ? extends CompletionStage<U>> fn) {
        return super.thenCompose(returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(Function<? super T, ? extends CompletionStage<U>> fn) {
        return super.thenComposeAsync(returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
            Function<? super T, ? extends CompletionStage<U>> fn, Executor executor) {
        return super.thenComposeAsync(returning(fn), executor);
    }

    @Override
    public CompletableFuture<T> whenComplete(BiConsumer<? super @Nullable T, ? super @Nullable Throwable> action) {
        return super.whenComplete(guarded(action));
    }

    @Override
    public CompletableFuture<T> whenCompleteAsync(BiConsumer<? super @Nullable T, ? super @Nullable Throwable> action) {
        return super.whenCompleteAsync(guarded(action));
    }

    @Override
    public CompletableFuture<T> whenCompleteAsync(BiConsumer<? super @Nullable T, ? super @Nullable Throwable> action, Executor executor) {
        return super.whenCompleteAsync(guarded(action), executor);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> handle(BiFunction<? super @Nullable T, @Nullable Throwable, ? extends U> fn) {
        return super.handle(returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> handleAsync(BiFunction<? super @Nullable T, @Nullable Throwable, ? extends U> fn) {
        return super.handleAsync(returning(fn));
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> handleAsync(BiFunction<? super @Nullable T, @Nullable Throwable, ? extends U> fn, Executor executor) {
        return super.handleAsync(returning(fn), executor);
    }

    @Override
    public CompletableFuture<T> exceptionally(Function<Throwable, ? extends T> fn) {
        return super.exceptionally(returning(fn));
    }

    @Override
    public CompletableFuture<T> exceptionallyAsync(Function<Throwable, ? extends T> fn) {
        return super.exceptionallyAsync(returning(fn));
    }

    @Override
    public CompletableFuture<T> exceptionallyAsync(Function<Throwable, ? extends T> fn, Executor executor) {
        return super.exceptionallyAsync(returning(fn), executor);
    }

    @Override
    public CompletableFuture<T> exceptionallyCompose(Function<Throwable, ? extends CompletionStage<T>> fn) {
        return super.exceptionallyCompose(returning(fn));
    }

    @Override
    public CompletableFuture<T> exceptionallyComposeAsync(Function<Throwable, ? extends CompletionStage<T>> fn) {
        return super.exceptionallyComposeAsync(returning(fn));
    }

    @Override
    public CompletableFuture<T> exceptionallyComposeAsync(
            Function<Throwable, ? extends CompletionStage<T>> fn, Executor executor) {
        return super.exceptionallyComposeAsync(returning(fn), executor);
    }
}
