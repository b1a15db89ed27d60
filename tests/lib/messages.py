"""What a log_driver said about messages: who appended and who follows."""


def messages(reader):
    """(position, number) of each message delivered."""
    return [(int(words[1]), int(words[2].split(":")[0])) for words in map(str.split, reader.said) if words[0] == "message"]


def acknowledged(writer):
    """(number, position) of each append that became durable."""
    return [(int(words[1]), int(words[2])) for words in map(str.split, writer.said) if words[0] == "appended"]


def wait_for_message(reader, number, seconds=60):
    while reader.expect("message", seconds)[1].split(":")[0] != str(number):
        pass


def wait_for_acknowledgement(writer, number, seconds=60):
    while writer.expect("appended", seconds)[0] != str(number):
        pass


def first_seen(reader):
    """Numbers in the order in which they came first: duplicates may follow."""
    return list(dict.fromkeys(number for _, number in messages(reader)))
